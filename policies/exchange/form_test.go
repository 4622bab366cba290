package exchange

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/inflate"
)

// compressors are the codings that can be read.
var compressors = map[string]func(w io.Writer) io.WriteCloser{
	"gzip":    func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
	"deflate": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
	"zstd": func(w io.Writer) io.WriteCloser {
		z, _ := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
		return z
	},
	"br": func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) },
}

// compressed is the parts in a coding, flushed after each.
func compressed(coding string, parts ...string) []string {
	var b bytes.Buffer
	w := compressors[coding](&b)
	var out []string
	for _, p := range parts {
		_, _ = io.WriteString(w, p)
		_ = w.(interface{ Flush() error }).Flush()
		out = append(out, string(b.Next(b.Len())))
	}
	_ = w.Close()
	return append(out, b.String())
}

func compress(coding, text string) string { return strings.Join(compressed(coding, text), "") }

// inUTF16 is text in UTF-16, little endian.
func inUTF16(text string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(text)) {
		b.WriteByte(byte(u))
		b.WriteByte(byte(u >> 8))
	}
	return b.String()
}

// TestForms sends the same request in all forms that HTTP knows, and in some
// that it does not. Each is read or refused, in the API's words.
func TestForms(t *testing.T) {
	type form struct {
		name    string
		body    func(plain string) string
		headers []string
		status  int    // 0 if it is read
		say     string // in the refusal
	}
	same := func(s string) string { return s }
	forms := []form{
		{"plain", same, nil, 0, ""},
		{"identity", same, []string{"content-encoding", "identity"}, 0, ""},
		{"x-gzip", func(s string) string { return compress("gzip", s) }, []string{"content-encoding", "X-GZIP"}, 0, ""},
		{"two codings", same, []string{"content-encoding", "gzip, gzip"}, 415, "more than once"},
		{"unknown coding", same, []string{"content-encoding", "lzma"}, 415, "lzma"},
		{"a coding that is no coding", same, []string{"content-encoding", "utf-8"}, 415, "utf-8"},
		{"byte order mark", func(s string) string { return "\ufeff" + s }, nil, 0, ""},
		{"byte order mark, compressed", func(s string) string { return compress("gzip", "\ufeff"+s) }, []string{"content-encoding", "gzip"}, 0, ""},
		{"UTF-16", inUTF16, nil, 415, "UTF-8"},
		{"UTF-16 with a mark", func(s string) string { return "\xff\xfe" + inUTF16(s) }, []string{"content-type", "application/json; charset=utf-16"}, 415, "UTF-8"},
		{"said to be UTF-16", same, []string{"content-type", "application/json; charset=utf-16"}, 415, "utf-16"},
		{"said to be Latin 1", same, []string{"content-type", "application/json; charset=ISO-8859-1"}, 415, "iso-8859-1"},
		{"said to be Latin 1, but ASCII", func(s string) string { return strings.ReplaceAll(s, "é", "e") }, []string{"content-type", "application/json; charset=ISO-8859-1"}, 0, ""},
		{"UTF-8", same, []string{"content-type", `application/json; charset="UTF-8"`}, 0, ""},
		{"no content type", same, []string{"content-type", ""}, 0, ""},
		{"odd content type", same, []string{"content-type", "text/plain;;; charset"}, 0, ""},
		{"white space around", func(s string) string { return "\r\n \t" + s + "\n\n" }, nil, 0, ""},
		{"zero bytes after", func(s string) string { return s + "\x00\x00" }, nil, 400, "JSON"},
		{"text after", func(s string) string { return s + "garbage" }, nil, 400, "JSON"},
		{"twice", func(s string) string { return s + s }, nil, 400, "JSON"},
		{"empty", func(string) string { return "" }, nil, 400, "JSON"},
		{"empty, compressed", func(string) string { return compress("gzip", "") }, []string{"content-encoding", "gzip"}, 400, "JSON"},
		{"NaN", func(s string) string { return strings.Replace(s, "{", `{"top_p":NaN,`, 1) }, nil, 400, ""},
		{"gzip that is not told", func(s string) string { return compress("gzip", s) }, nil, 415, "content-encoding"},
		{"zstd that is not told", func(s string) string { return compress("zstd", s) }, nil, 415, "content-encoding"},
		{"a form", func(string) string { return "model=gemini-3.5-flash&stream=true" }, []string{"content-type", "application/x-www-form-urlencoded"}, 400, "JSON"},
	}
	for coding := range compressors {
		h := []string{"content-encoding", coding}
		forms = append(forms,
			form{coding, func(s string) string { return compress(coding, s) }, h, 0, ""},
			form{coding + ", cut", func(s string) string { z := compress(coding, s); return z[:len(z)-3] }, h, 400, "no valid " + coding},
			form{coding + ", but it is not", same, h, 400, "no valid " + coding},
			form{coding + ", and more", func(s string) string { return compress(coding, s) + "tail" }, h, 400, "no valid " + coding},
			form{coding + ", a bomb", func(string) string { return compress(coding, strings.Repeat(" ", 300<<10)) }, h, 413, "decompressed"},
		)
	}
	for _, w := range wires {
		plain := w.body([]string{w.user(`"caf\u00e9 café, hi"`)}, nil, "")
		for _, f := range forms {
			t.Run(w.name+"/"+f.name, func(t *testing.T) {
				r := newRig(t, func(c *Config) { c.MaxBody = 256 << 10 })
				a := r.begin(1, "", f.headers...)
				a.in.Path = w.path
				defer a.Close(policies.EndComplete)
				var out *policies.Forward
				reply := a.RequestHeaders()
				if reply == nil {
					out, reply = a.RequestBody(context.Background(), []byte(f.body(plain)))
				}
				if reply == nil {
					if f.status != 0 {
						t.Fatalf("read, want %d", f.status)
					}
					if !strings.Contains(string(out.Body), "caf") || !strings.Contains(" "+strings.Join(out.Remove, " ")+" ", " content-encoding ") && a.coding != inflate.Identity {
						t.Errorf("goes upstream, without %v: %s", out.Remove, out.Body)
					}
					return
				}
				var e struct {
					Error struct{ Message string }
				}
				if err := json.Unmarshal(reply.Body, &e); err != nil || reply.Status != f.status || !strings.Contains(e.Error.Message, f.say) || reply.Verdict != policies.Fail {
					t.Errorf("%d %s %v; want %d with %q", reply.Status, reply.Body, err, f.status, f.say)
				}
				accepts := reply.Headers.Get("accept-encoding")
				if wants := strings.Contains(f.name, "coding"); wants != (accepts == inflate.Accepted) {
					t.Errorf("accept-encoding %q", accepts)
				}
			})
		}
	}
}

// What a compressed body becomes counts like a body of that length.
func TestInflatedBodiesTakeRoom(t *testing.T) {
	const length = 3 << 20
	long := strings.Replace(ask, `"hi"`, `"`+strings.Repeat("a", length)+`"`, 1)
	for _, c := range []struct {
		name   string
		limit  int64
		others int64 // bytes held by others
		want   int
	}{
		{"room", 2 * length * bodyCost, grain, 0},
		{"no room", length * bodyCost / 2, grain, 503},
		{"no room, but nobody else", length * bodyCost / 2, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, nil)
			r.inFlight = &InFlight{}
			r.inFlight.SetLimit(c.limit)
			r.inFlight.held.Store(c.others)
			a := r.begin(1, "", "content-encoding", "zstd")
			if reply := a.RequestHeaders(); reply != nil {
				t.Fatalf("refused: %s", reply.Body)
			}
			_, reply := a.RequestBody(context.Background(), []byte(compress("zstd", long)))
			if got := statusOfReply(reply); got != c.want || reply != nil && reply.Reason != heal.ReasonOverloadedLocally {
				t.Errorf("status %d, want %d", got, c.want)
			}
			a.Close(policies.EndComplete)
			if held := r.inFlight.held.Load(); held != c.others {
				t.Errorf("%d bytes are still held", held-c.others)
			}
		})
	}
}

func statusOfReply(r *policies.Reply) int {
	if r == nil {
		return 0
	}
	return r.Status
}
