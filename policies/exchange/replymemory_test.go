package exchange

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// What a reply may take at its peak: a multiple of its bytes, frame included,
// and bytes beyond for the parts that a small frame may have, too.
const (
	replyMultiple = 4
	replyFloor    = 32 << 20
)

// asks are a request in each API, for a stream and for a document.
var asks = []struct {
	name, path, body string
	stream           bool
}{
	{"claude", "/v1/messages", ask, true},
	{"claude, whole", "/v1/messages", askWhole, false},
	{"chat", "/v1/chat/completions", `{"model":"gemini-3.5-flash","stream":true,"messages":[{"role":"user","content":"hi"}]}`, true},
	{"chat, whole", "/v1/chat/completions", `{"model":"gemini-3.5-flash","messages":[{"role":"user","content":"hi"}]}`, false},
	{"responses", "/v1/responses", `{"model":"gemini-3.5-flash","stream":true,"input":"hi"}`, true},
	{"responses, whole", "/v1/responses", `{"model":"gemini-3.5-flash","input":"hi"}`, false},
	{"native", nativeStream, `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`, true},
	{"native, whole", "/v1beta/models/gemini-3.5-flash:generateContent", `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`, false},
}

// crowded is a frame of n parts.
func crowded(part string, n int) []byte {
	return []byte(`data: {"candidates":[{"content":{"role":"model","parts":[` +
		strings.TrimSuffix(strings.Repeat(part+",", n), ",") + `]},"finishReason":"STOP"}]}` + "\n\n")
}

// crowds are frames with very many of what is short: far too many, and nearly so.
var crowds = []struct {
	name, part string
	n          int
	fits       bool
}{
	{"texts", `{"text":"a"}`, 1_500_000, false},
	{"texts and thoughts", `{"text":"a"},{"text":"b","thought":true}`, 500_000, false},
	{"calls", `{"functionCall":{"name":"f"}}`, 600_000, false},
	{"signed calls", `{"functionCall":{"name":"f"},"thoughtSignature":"QUJD"}`, 400_000, false},
	{"media", `{"inlineData":{"mimeType":"image/png","data":"AAAA"}}`, 300_000, false},
	{"nothing", `{}`, 10_000_000, false},
	{"zeros", `0`, 10_000_000, false},
	{"pieces of arguments", `{"functionCall":{"name":"f","partialArgs":[` + strings.Repeat("{},", 1000) + `{}]}}`, 10_000, false},
	{"as many texts as may be", `{"text":"a"}`, 20_000, true},
	{"as many blocks as may be", `{"text":"a"},{"text":"b","thought":true}`, 4096, true},
	{"as many calls as may be", `{"functionCall":{"name":"f"},"thoughtSignature":"QUJD"}`, 4096, true},
}

// TestMemoryOfReplies asserts that a frame of very many parts is no answer, and
// that what a reply takes is a small multiple of its bytes. It runs in a process
// of its own, as TestMemory does.
func TestMemoryOfReplies(t *testing.T) {
	if os.Getenv("GODEBUG") != stopTheWorld {
		self := exec.Command(os.Args[0], "-test.run=^TestMemoryOfReplies$") //nolint:gosec // it is this test
		self.Env = append(os.Environ(), "GODEBUG="+stopTheWorld)
		if out, err := self.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	for _, c := range crowds {
		frame := crowded(c.part, c.n)
		for _, q := range asks {
			for _, begin := range []string{"", hello} {
				if begin != "" && !q.stream {
					continue // nothing is committed before the end
				}
				name := c.name + "/" + q.name
				if begin != "" {
					name += ", after the commit"
				}
				t.Run(name, func(t *testing.T) {
					a := newRig(t, nil).begin(1, "")
					a.in.Path = q.path
					send(t, a, q.body)
					a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
					a.ResponseBody([]byte(begin), false)
					var act policies.Action
					peak, allocated := peakOf(func() { act = a.ResponseBody(frame, false) })
					if c.fits && act.Wake != 0 && !act.End {
						act = a.ResponseBody(nil, true)
					}
					a.Close(policies.EndComplete)
					peak += uint64(len(frame))
					t.Logf("%d KiB: peak %d KiB, allocated %d KiB, %d KiB out", len(frame)>>10, peak>>10, allocated>>10, len(act.Body)>>10)
					if most := uint64(replyMultiple*len(frame) + replyFloor); peak > most {
						t.Errorf("%d bytes take %d, %d are allowed", len(frame), peak, most)
					}
					switch {
					case c.fits:
						if a.record.ended != "" || act.Reply != nil {
							t.Errorf("ended by %q: %+v", a.record.ended, act.Reply)
						}
					case begin == "":
						if act.Reply == nil || act.Reply.Verdict != policies.Retry || act.Reply.Reason != heal.ReasonPeekGarbage {
							t.Errorf("%+v", act.Reply)
						}
					case !act.End || a.record.ended != heal.ReasonStreamError || !bytes.Contains(act.Body, []byte("error")) || !bytes.Contains(act.Body, []byte("is no answer")):
						t.Errorf("ended by %q: …%s", a.record.ended, act.Body[max(0, len(act.Body)-300):])
					}
				})
			}
		}
	}
}

// Parts of a document take more than their bytes, and are counted so.
func TestPartsOfADocumentCount(t *testing.T) {
	f := &InFlight{}
	a := newRig(t, nil).begin(1, "")
	a.share.of = f
	send(t, a, askWhole)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	frame := bytes.Replace(crowded(`{"text":"a"},{"text":"b","thought":true}`, 2000), []byte(`,"finishReason":"STOP"`), nil, 1)
	a.ResponseBody(frame, false)
	if got, want := f.held.Load(), int64(4000*partSize); got < want {
		t.Errorf("%d bytes are held, want at least %d", got, want)
	}
	a.Close(policies.EndComplete)
	if got := f.held.Load(); got != 0 {
		t.Errorf("%d bytes are held in the end", got)
	}
}
