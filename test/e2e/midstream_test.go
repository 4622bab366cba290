package e2e

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// midstream is a fault after the client of a stream has a part of the answer.
type midstream struct {
	name string
	// reply is the whole of the first reply, but for what is in then: that comes
	// once the client has its first byte.
	reply fakegemini.Reply
	then  []fakegemini.Reply
	// rest answers the requests for the rest; later ones get the whole answer.
	rest []fakegemini.Reply
	// cut: Envoy ends the client's stream, so that it cannot be completed.
	cut bool
}

// bytesOf writes bytes into the stream as they are.
func bytesOf(s string) []fakegemini.Reply { return once(fakegemini.Verbatim([]byte(s))) }

const (
	event    = `data: {"candidates":[{"content":{"parts":[{"text":"%s"}],"role":"model"}}]}` + "\r\n\r\n"
	badEvent = `data: {"candidates":[{"content":{"pa` + "\x00\x01" + `rts":[}` + "\r\n\r\n"
	cutEvent = `data: {"candidates":[{"content":{"parts":[{"text":"wn westw`
)

// midstreams are sixteen kinds of faults that gateways meet after the first
// byte.
var midstreams = func() []midstream {
	begin := fakegemini.EndWithoutFinish(resumeBegin[:40], resumeBegin[40:])
	return []midstream{
		{name: "cut", reply: begin},
		{name: "cut in a line of the stream", reply: begin, then: bytesOf("data: {\"cand")},
		{name: "cut in a character", reply: begin, then: bytesOf(cutEvent + "\xf0\x9f")},
		{name: "truncated JSON", reply: begin, then: bytesOf(cutEvent + "\r\n\r\n")},
		{name: "garbled chunk", reply: begin, then: bytesOf(badEvent + fmt.Sprintf(event, "never seen"))},
		{name: "stall", reply: begin, then: once(fakegemini.Silence())},
		{name: "stall with heartbeats", reply: begin, then: once(fakegemini.Heartbeats(50*time.Millisecond, 0))},
		{name: "slow drip", reply: fakegemini.Text(strings.SplitAfter(resumeWhole, " ")...).Slow(20 * time.Millisecond)},
		{name: "error event", reply: begin, then: once(fakegemini.ErrorEvent(503))},
		{name: "reset", reply: begin, then: once(fakegemini.ResetMidStream(0).NoFinish()), cut: true},
		{name: "wrong content type, then cut", reply: fakegemini.Raw(200, http.Header{"Content-Type": {"text/plain"}}, []byte(fmt.Sprintf(event, "The harbor of Rotterdam ")))},
		{name: "refused prefill", reply: begin, rest: once(refusedPrefill)},
		{name: "502 and a web page for the rest", reply: begin, rest: once(fakegemini.Raw(502, http.Header{"Content-Type": {"text/html"}}, []byte("<html>Bad Gateway</html>")))},
		{name: "empty rest", reply: begin, rest: once(fakegemini.EmptyOK())},
		{name: "rest that repeats everything", reply: begin, rest: once(fakegemini.Text(resumeWhole))},
		{name: "late usage, after the finish", reply: begin, then: bytesOf(strings.Replace(fmt.Sprintf(event, strings.TrimSuffix(resumeEnd, "\n")+`\n`), `"model"}`, `"model"},"finishReason":"STOP"`, 1) +
			`data: {"usageMetadata":{"promptTokenCount":8,"candidatesTokenCount":40,"totalTokenCount":48}}` + "\r\n\r\n")},
	}
}()

// TestMidstream plays the faults to streams of each API, with resume: text.
// HEALD_FAULT_TABLE gets what was seen.
func TestMidstream(t *testing.T) {
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		seen := map[string]string{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for _, a := range apis {
			wg.Go(func() {
				t.Run(a.name, func(t *testing.T) {
					s := stack.Start(t, stack.Options{Envoy: version, Keys: []string{"key-1", "key-2"}, Policy: resumeOn, Resume: true})
					for _, m := range midstreams {
						t.Run(m.name, func(t *testing.T) {
							saw := m.play(t, s, a)
							mu.Lock()
							defer mu.Unlock()
							seen[m.name+" "+a.name] = saw
						})
					}
				})
			})
		}
		wg.Wait()
		out := strings.Builder{}
		writeMidstreams(&out, version, seen)
		t.Log(out.String())
		if path := os.Getenv("HEALD_FAULT_TABLE"); path != "" {
			file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
			if err == nil {
				_, err = io.WriteString(file, out.String())
				err = cmp.Or(err, file.Close())
			}
			if err != nil {
				t.Error(err)
			}
		}
	})
}

// play lets one stream have the fault, and says what its client saw.
func (m midstream) play(t *testing.T, s *stack.Stack, a api) string {
	fake := s.Fake()
	s.Reload()
	fake.Reset()
	first := make(chan struct{})
	reply := m.reply
	if len(m.then) > 0 {
		reply = reply.Then(fakegemini.Gate(first))
	}
	for _, r := range m.then {
		reply = reply.Then(r)
	}
	fake.Enqueue(reply)
	fake.Enqueue(m.rest...)
	fake.Enqueue(again(3, fakegemini.Text(resumeWhole))...)
	got := s.PostWatching(a.streamPath, a.streamBody, sync.OnceFunc(func() { close(first) }))
	s.Settle()
	saw, r := a.seen(got, true, resumeWhole)
	want := wholeAnswer
	if m.cut {
		want = brokenOff
	}
	if saw != want || !strings.HasPrefix(resumeWhole, r.text) {
		t.Errorf("client saw %s, want %s; text %q\n%s", saw, want, r.text, got.Body)
	}
	return fmt.Sprintf("%s (%d calls)", saw, len(fake.Requests()))
}

func writeMidstreams(out io.Writer, version string, seen map[string]string) {
	fmt.Fprintf(out, "\n── Envoy %s, after the first byte, with resume: text\n", version)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "fault")
	for _, a := range apis {
		fmt.Fprintf(w, "\t%s sees", a.name)
	}
	fmt.Fprintln(w, "\t")
	for _, m := range midstreams {
		fmt.Fprint(w, m.name)
		for _, a := range apis {
			fmt.Fprint(w, "\t", cmp.Or(seen[m.name+" "+a.name], "(not run)"))
		}
		fmt.Fprintln(w, "\t")
	}
	_ = w.Flush() // into memory
}
