package e2e

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// fault is one thing that goes wrong upstream, and what must come of it.
type fault struct {
	name string
	// script is what backend a answers, in order; other backends and later
	// requests get a good answer.
	script []fakegemini.Reply
	// gated is a script whose first reply waits, after its content, until a
	// streaming client has had the first byte.
	gated func(first <-chan struct{}) []fakegemini.Reply
	// status and text are what the client must see.
	status int
	text   string
	// calls is how many requests reach the upstreams; -1 where some never
	// arrive.
	calls int
	// account serves the last attempt.
	account string
	// reasons are the log words of the attempts.
	reasons []string
	// jsonStatus, jsonReasons differ for a client that wants one document:
	// there, everything up to the last byte can be retried.
	jsonStatus  int
	jsonText    string
	jsonCalls   int
	jsonReasons []string
}

func again(n int, r fakegemini.Reply) []fakegemini.Reply {
	return slices.Repeat([]fakegemini.Reply{r}, n)
}

func once(r fakegemini.Reply) []fakegemini.Reply { return []fakegemini.Reply{r} }

const good = "You said: hello" // what the fake's model answers

// faults with one backend that has two accounts, a-1 and a-2.
var faults = []fault{
	{name: "nothing fails", status: 200, text: good, calls: 1, account: "a-1", reasons: []string{"ok"}},

	// 200, but no answer
	{name: "empty 200", script: once(fakegemini.EmptyOK()),
		status: 200, text: good, calls: 2, account: "a-2", reasons: []string{heal.ReasonPeekEOF, "ok"}},
	{name: "end of stream before content", script: once(fakegemini.EOFBeforeContent()),
		status: 200, text: good, calls: 2, account: "a-2", reasons: []string{heal.ReasonPeekEOF, "ok"}},
	{name: "usage only, then the end", script: once(fakegemini.UsageOnlyThenEnd()),
		status: 200, text: good, calls: 2, account: "a-2", reasons: []string{heal.ReasonPeekEOF, "ok"}},
	{name: "stop without parts", script: once(fakegemini.StopWithoutParts()),
		status: 200, text: good, calls: 2, account: "a-2", reasons: []string{heal.ReasonPeekNoContent, "ok"}},
	{name: "malformed function call", script: once(fakegemini.MalformedCall()),
		status: 200, text: good, calls: 2, account: "a-2", reasons: []string{heal.ReasonPeekMalformed, "ok"}},
	{name: "heartbeats only", script: once(fakegemini.Heartbeats(50*time.Millisecond, 0)),
		status: 200, text: good, calls: 2, account: "a-2", reasons: []string{heal.ReasonPeekTimeout, "ok"}},
	{name: "silence after headers", script: once(fakegemini.SilentAfterHeaders()),
		status: 200, text: good, calls: 2, account: "a-2", reasons: []string{heal.ReasonPeekTimeout, "ok"}},
	{name: "silence before headers", script: once(fakegemini.SilentBeforeHeaders()),
		status: 200, text: good, calls: 2, account: "a-2", reasons: []string{heal.ReasonPeekTimeout, "ok"}},
	{name: "HTML under 200", script: once(fakegemini.HTML200()),
		status: 200, text: good, calls: 2, account: "a-2", reasons: []string{heal.ReasonPeekGarbage, "ok"}},
	{name: "error object as first event", script: once(fakegemini.ErrorEvent(503)),
		status: 200, text: good, calls: 2, account: "a-1", reasons: []string{heal.ReasonPeekError, "ok"}},
	{name: "bare JSON error under 200", script: once(fakegemini.BareJSONError(500)),
		status: 200, text: good, calls: 2, account: "a-2", reasons: []string{heal.ReasonPeekError, "ok"}},
	{name: "no answer, three times", script: again(3, fakegemini.EmptyOK()),
		status: 500, text: "ended the reply before any content", calls: 3, account: "a-1",
		reasons: []string{heal.ReasonPeekEOF, heal.ReasonPeekEOF, heal.ReasonPeekEOF}},

	// Statuses
	{name: "429", script: once(fakegemini.Status(429)),
		status: 200, text: good, calls: 2, account: "a-2", reasons: []string{heal.ReasonRateLimit, "ok"}},
	{name: "429 with a delay, both accounts", script: again(2, fakegemini.Status(429, fakegemini.RetryDelay("1s"))),
		status: 200, text: good, calls: 3, account: "a-1", reasons: []string{heal.ReasonRateLimit, heal.ReasonRateLimit, "ok"}},
	{name: "429 three times", script: again(3, fakegemini.Status(429, fakegemini.RetryDelay("1s"))),
		status: 429, text: rateLimited, calls: 3, account: "a-1",
		reasons: []string{heal.ReasonRateLimit, heal.ReasonRateLimit, heal.ReasonRateLimit}},
	{name: "500", script: once(fakegemini.Status(500)),
		status: 200, text: good, calls: 2, account: "a-2", reasons: []string{heal.ReasonServerError, "ok"}},
	{name: "503", script: once(fakegemini.Status(503)),
		status: 200, text: good, calls: 2, account: "a-1", reasons: []string{heal.ReasonOverloaded, "ok"}},
	{name: "503 three times", script: again(3, fakegemini.Status(503)),
		status: 503, text: overloaded, calls: 3, account: "a-1",
		reasons: []string{heal.ReasonOverloaded, heal.ReasonOverloaded, heal.ReasonOverloaded}},
	{name: "403", script: once(fakegemini.Status(403)),
		status: 200, text: good, calls: 2, account: "a-2", reasons: []string{heal.ReasonForbidden, "ok"}},
	{name: "403 on both accounts is not told as 403", script: again(2, fakegemini.Status(403)),
		status: 500, text: "credential", calls: 2, account: "a-2", reasons: []string{heal.ReasonForbidden, heal.ReasonForbidden}},
	{name: "400 that is the client's fault", script: once(fakegemini.Status(400, fakegemini.Message("Unsupported thing."))),
		status: 400, text: "Unsupported thing.", calls: 1, account: "a-1", reasons: []string{heal.ReasonInvalid}},
	{name: "prompt too long", script: once(fakegemini.Status(400, fakegemini.Message("The input token count (1250074) exceeds the maximum number of tokens allowed (1048576)."))),
		status: 400, text: tooLong, calls: 1, account: "a-1", reasons: []string{heal.ReasonContext}},
	{name: "signature refused", script: once(fakegemini.Status(400, fakegemini.Message("Corrupted thought signature."))),
		status: 200, text: good, calls: 2, account: "a-1", reasons: []string{heal.ReasonSignature, "ok"}},

	// Connections
	{name: "reset before headers", script: once(fakegemini.ResetBeforeHeaders()),
		status: 200, text: good, calls: 2, account: "a-1", reasons: []string{heal.ReasonConnect, "ok"}},
	// While heald holds, a reset reaches it only as the end of the stream.
	{name: "reset after headers", script: once(fakegemini.ResetAfterHeaders()),
		status: 200, text: good, calls: 2, account: "a-1", reasons: []string{heal.ReasonClientGone, "ok"}},

	// After content: a stream cannot be taken back, a document can.
	{name: "end without finish after content", gated: func(first <-chan struct{}) []fakegemini.Reply {
		return once(fakegemini.EndWithoutFinish("Half an ans").Then(fakegemini.Gate(first)))
	},
		status: 200, text: brokenOff, calls: 1, account: "a-1", reasons: []string{"ok"},
		jsonStatus: 200, jsonText: good, jsonCalls: 2, jsonReasons: []string{heal.ReasonPeekTruncated, "ok"}},
	{name: "error event after content", gated: func(first <-chan struct{}) []fakegemini.Reply {
		return once(fakegemini.EndWithoutFinish("Half an ans").Then(fakegemini.Gate(first)).Then(fakegemini.ErrorEvent(503)))
	},
		status: 200, text: brokenOff, calls: 1, account: "a-1", reasons: []string{"ok"},
		jsonStatus: 200, jsonText: good, jsonCalls: 2, jsonReasons: []string{heal.ReasonPeekError, "ok"}},
	{name: "stall after content", script: once(fakegemini.EndWithoutFinish("Half an ans").Then(fakegemini.Silence())),
		status: 200, text: brokenOff, calls: 1, account: "a-1", reasons: []string{"ok"},
		jsonStatus: 200, jsonText: good, jsonCalls: 2, jsonReasons: []string{heal.ReasonPeekTruncated, "ok"}},
}

// wanted is the expectation for one kind of client.
func (f fault) wanted(stream bool) (status int, text string, calls int, reasons []string) {
	if !stream && f.jsonReasons != nil {
		return f.jsonStatus, f.jsonText, f.jsonCalls, f.jsonReasons
	}
	return f.status, f.text, f.calls, f.reasons
}

// shortTimers keep the deadlines that must pass short; none is measured.
const shortTimers = `{peek: {timeout: 700ms}, idle_timeout: 1s, max_wait: 2s}`

func TestFaults(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		for _, a := range apis {
			t.Run(a.name, func(t *testing.T) {
				t.Parallel() // they wait for timers most of the time
				s := stack.Start(t, stack.Options{Envoy: version, Keys: []string{"key-1", "key-2"}, Policy: shortTimers})
				for _, f := range faults {
					t.Run(f.name+"/stream", func(t *testing.T) { f.run(t, s, a, true) })
					t.Run(f.name+"/json", func(t *testing.T) { f.run(t, s, a, false) })
				}
			})
		}
	})
}

// run plays the fault and checks what came of it.
func (f fault) run(t *testing.T, s *stack.Stack, client api, stream bool) {
	s.Reload()
	fake := s.Fakes["a"]
	fake.Reset()
	fake.Enqueue(f.script...)
	first := make(chan struct{})
	committed := sync.OnceFunc(func() { close(first) })
	if f.gated != nil {
		fake.Enqueue(f.gated(first)...)
	}
	if !stream {
		committed() // a document comes whole or not at all
	}
	status, text, calls, reasons := f.wanted(stream)

	path, body := client.wholePath, client.wholeBody
	if stream {
		path, body = client.streamPath, client.streamBody
	}
	status, text = client.status(status), client.says(text)
	got := s.PostWatching(path, body, committed)
	s.Settle()
	if got.Status != status || !strings.Contains(client.text(got.Body), text) {
		t.Errorf("client got %d, want %d with %q:\n%s", got.Status, status, text, got.Body)
	}
	if got.Err != nil {
		t.Errorf("the body broke off: %v", got.Err)
	}
	if n := len(fake.Requests()); n != calls {
		t.Errorf("%d upstream calls, want %d", n, calls)
	}
	if a := got.Header.Get("x-heald-account"); a != f.account && (stream || f.jsonReasons == nil) {
		t.Errorf("account %s, want %s", a, f.account)
	}
	if words := s.Reasons(got.Header.Get("x-heald-request-id")); !slices.Equal(words, reasons) {
		t.Errorf("log words %v, want %v", words, reasons)
	}
	for name := range got.Header {
		if slices.Contains([]string{"x-heald-retry", "x-heald-retry-after", "x-heald-verdict", "x-heald-memory", "x-heald-cluster"}, strings.ToLower(name)) {
			t.Errorf("the client can see %s", name)
		}
	}
}
