package e2e

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// form is a way in which HTTP can carry the same request.
type form struct {
	name   string
	body   func(plain string) []byte
	header http.Header
	// chunked sends no content-length.
	chunked bool
	sees    string // a key of api.sees, or a status with the API's word for an invalid request
}

const sees415 = "415"

func same(plain string) []byte { return []byte(plain) }

func coded(coding string) http.Header { return http.Header{"Content-Encoding": {coding}} }

func packed(coding string) func(string) []byte {
	return func(plain string) []byte { return fakegemini.Pack(coding, []byte(plain)) }
}

var forms = []form{
	{name: "gzip", body: packed("gzip"), header: coded("gzip"), sees: seesGood},
	{name: "deflate", body: packed("deflate"), header: coded("deflate"), sees: seesGood},
	{name: "zstd", body: packed("zstd"), header: coded("zstd"), sees: seesGood},
	{name: "br", body: packed("br"), header: coded("br"), sees: seesGood},
	{name: "gzip, chunked", body: packed("gzip"), header: coded("gzip"), chunked: true, sees: seesGood},
	{name: "gzip, cut", body: func(s string) []byte { z := packed("gzip")(s); return z[:len(z)-4] }, header: coded("gzip"), sees: seesInvalid},
	{name: "gzip that is none", body: same, header: coded("gzip"), sees: seesInvalid},
	{name: "a bomb", body: func(string) []byte { return fakegemini.Pack("zstd", make([]byte, 33*mib)) }, header: coded("zstd"), sees: seesTooLarge},
	{name: "lzma", body: same, header: coded("lzma"), sees: sees415},
	{name: "gzip twice", body: func(s string) []byte { return packed("gzip")(string(packed("gzip")(s))) }, header: coded("gzip, gzip"), sees: sees415},
	{name: "chunked", body: same, chunked: true, sees: seesGood},
	{name: "100-continue", body: same, header: http.Header{"Expect": {"100-continue"}}, sees: seesGood},
	{name: "byte order mark", body: func(s string) []byte { return []byte("\ufeff" + s) }, sees: seesGood},
	{name: "UTF-16", body: func(s string) []byte { return []byte(strings.Join(strings.Split(s, ""), "\x00") + "\x00") }, sees: sees415},
	{name: "no content type", body: same, header: http.Header{"Content-Type": nil}, sees: seesGood},
	{name: "odd content type", body: same, header: http.Header{"Content-Type": {"text/plain; charset"}}, sees: seesGood},
	{name: "empty", body: func(string) []byte { return nil }, sees: seesInvalid},
	{name: "empty, chunked", body: func(string) []byte { return nil }, chunked: true, sees: seesInvalid},
	{name: "text after", body: func(s string) []byte { return []byte(s + "\ngarbage") }, sees: seesInvalid},
}

// send sends a body in the form, and checks the result.
func (f form) send(t *testing.T, s *stack.Stack, path, body string) stack.Answer {
	t.Helper()
	c := stack.NewClient(t, stack.HTTP1)
	c.Transport.(*http.Transport).ExpectContinueTimeout = time.Minute // Envoy answers at once
	data := f.body(body)
	var reader io.Reader = bytes.NewReader(data)
	if f.chunked {
		reader = io.MultiReader(reader) // whose length is not known
	}
	req, err := http.NewRequestWithContext(patient(t), http.MethodPost, s.URL+path, reader)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("content-type", "application/json")
	for name, values := range f.header {
		req.Header[name] = values
	}
	resp, err := c.Do(req)
	if err != nil {
		return stack.Answer{Err: err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return stack.Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(text), Err: err}
}

func TestForms(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Plain: true})
		for _, a := range apis {
			for _, f := range forms {
				t.Run(a.name+"/"+f.name, func(t *testing.T) {
					got := f.send(t, s, a.wholePath, a.wholeBody)
					want := a.sees[f.sees]
					if f.sees == sees415 {
						want = strings.Replace(a.sees[seesInvalid], "400", "415", 1)
					}
					if sees, r := a.seen(got, false, good); sees != want {
						t.Errorf("the client sees %q (%s), want %q", sees, r.message, want)
					}
					takes := got.Header.Get("accept-encoding")
					if f.sees == sees415 && f.header != nil != (takes == "gzip, deflate, zstd, br") {
						t.Errorf("accept-encoding: %q", takes)
					}
				})
			}
		}
	})
}

// A long compressed body is kept for retries as it came, is read again by each
// attempt, and is sent on as plain JSON.
func TestCompressedBodyIsRetried(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Plain: true,
			Fake: fakegemini.Options{Tolerate: []fakegemini.Rule{fakegemini.RuleLimits}}, // that many are too many tokens
		})
		text := prose(3 * mib)
		for i, f := range forms[:5] {
			if !plays(version, i) {
				continue
			}
			t.Run(f.name, func(t *testing.T) {
				fake := s.Fake()
				fake.Reset()
				fake.Enqueue(fakegemini.Status(503))
				got := f.send(t, s, messages, turn(model, text, true))
				s.Settle()
				if answer, err := answerText(got, true); err != nil || !strings.HasPrefix(answer, "You said: ") {
					t.Errorf("got %q, %v", brief(answer), err)
				}
				calls := fake.Requests()
				if len(calls) != 2 {
					t.Fatalf("%d upstream calls, want 2", len(calls))
				}
				for i, c := range calls {
					if upstream := lastText(t, c.Body); hash(upstream) != hash(text) {
						t.Errorf("attempt %d brought %s, not %s", i+1, hash(upstream), hash(text))
					}
					if e, n := c.Header.Get("Content-Encoding"), c.Header.Get("Content-Length"); e != "" || n != strconv.Itoa(len(c.Body)) {
						t.Errorf("attempt %d: content-encoding %q, content-length %q of %d", i+1, e, n, len(c.Body))
					}
				}
			})
		}
	})
}
