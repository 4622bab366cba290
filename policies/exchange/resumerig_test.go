package exchange

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/resume"
)

// broken is a client's stream whose upstream breaks off, in the hands of a
// protocol that keeps extproc's rules: one call at a time, and Notify wakes.
type broken struct {
	t       *testing.T
	rig     rig
	counter func(name, label string) float64
	attempt *attempt

	mu      sync.Mutex // orders the calls
	head    *policies.Head
	body    strings.Builder
	refused *policies.Reply // instead of an answer
	ended   bool
	wake    time.Time

	// The request for the rest, and its reply.
	calls   int
	replies atomic.Int32  // calls that were not refused
	refuse  []restRefusal // what the next calls are answered with; then with the reply
	places  []string      // cluster and credential of each call
	asks    []string      // the body of each
	request *http.Request
	asked   string
	reply   *io.PipeWriter
	left    bool // the request's context ended
}

// breaking brings a stream to the point where the client has text and upstream
// may break off.
func breaking(t *testing.T, body, set string, chunks ...string) *broken {
	t.Helper()
	return breakingAt(t, "/v1/messages", body, set, chunks...)
}

// breakingAt does so for the API that a path names.
func breakingAt(t *testing.T, path, body, set string, chunks ...string) *broken {
	t.Helper()
	return breakingIn(t, newRig(t, nil), path, body, set, chunks...)
}

// breakingIn does so in a set-up of its own.
func breakingIn(t *testing.T, r rig, path, body, set string, chunks ...string) *broken {
	t.Helper()
	return breakingAgain(t, r, 1, "", path, body, set, chunks...)
}

// breakingAgain does so in attempt n, which has a memory of those before.
func breakingAgain(t *testing.T, r rig, n int, memory, path, body, set string, chunks ...string) *broken {
	t.Helper()
	b := &broken{t: t}
	b.rig, b.counter = r.counting(t)
	b.begin(b.rig.begin(n, memory, "x-heald-set", set), path, body, chunks...)
	return b
}

// begin brings an attempt to that point.
func (b *broken) begin(a *attempt, path, body string, chunks ...string) {
	b.t.Helper()
	b.rig.rest = resume.NewClientOf(b)
	b.attempt, a.in.Path, a.in.Notify = a, path, b.notify
	send(b.t, a, body)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	for _, c := range chunks {
		b.upstream(c, false)
	}
}

// restRefusal is how a request for the rest is refused.
type restRefusal struct {
	status int
	body   string
	header http.Header
	err    error // of the way to the listener
}

// RoundTrip implements http.RoundTripper.
func (b *broken) RoundTrip(req *http.Request) (*http.Response, error) {
	asked, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	r, w := io.Pipe()
	b.mu.Lock()
	b.calls++
	b.asks = append(b.asks, string(asked))
	b.places = append(b.places, req.Header.Get("x-heald-cluster")+" "+req.Header.Get("x-goog-api-key")+req.Header.Get("authorization"))
	b.request, b.asked, b.reply, b.left = req, string(asked), w, false
	var refused *restRefusal
	if len(b.refuse) > 0 {
		refused, b.refuse = &b.refuse[0], b.refuse[1:]
	}
	b.mu.Unlock()
	switch {
	case refused == nil:
		b.replies.Add(1)
	case refused.err != nil:
		return nil, refused.err
	default:
		return &http.Response{StatusCode: refused.status, Header: refused.header, Body: io.NopCloser(strings.NewReader(refused.body))}, nil
	}
	context.AfterFunc(req.Context(), func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.request == req { // else the next one was sent
			b.left = true
		}
		_ = w.CloseWithError(context.Cause(req.Context()))
	})
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: r}, nil
}

func (b *broken) do(call func() policies.Action) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return
	}
	a := call()
	if a.Step == policies.Send {
		b.body.Write(a.Body)
	}
	if a.Head != nil {
		b.head = a.Head
	}
	if a.Wake > 0 {
		b.wake = time.Now().Add(a.Wake)
	}
	if b.refused = a.Reply; a.End || a.Reply != nil {
		b.ended = true
		b.attempt.Close(policies.EndComplete)
	}
}

func (b *broken) notify() { b.do(b.attempt.Wake) }

// upstream lets the first upstream say something.
func (b *broken) upstream(chunk string, end bool) {
	b.do(func() policies.Action {
		a := b.attempt.ResponseBody([]byte(chunk), end)
		if end && !a.End && !a.More && a.Reply == nil {
			b.t.Error("the response has ended, and nobody goes on with it")
		}
		return a
	})
}

// rest lets the second upstream say something.
func (b *broken) rest(chunks ...string) {
	synctest.Wait()
	for _, c := range chunks {
		if _, err := io.WriteString(b.reply, c); err != nil {
			b.t.Fatal(err)
		}
	}
	synctest.Wait()
}

// eachRest plays the reply to every request for the rest, until the answer ends.
func (b *broken) eachRest(play func(*broken)) {
	b.t.Helper()
	for n := int32(1); ; n++ {
		synctest.Wait()
		for range 10 {
			if b.replies.Load() < n && !b.ended {
				b.pass(time.Second) // it waits before it asks again
				synctest.Wait()
			}
		}
		if b.ended {
			return
		}
		if b.replies.Load() < n {
			b.t.Fatal("nobody asks again, but the answer goes on")
		}
		play(b)
	}
}

func (b *broken) restEnds() {
	_ = b.reply.Close()
	synctest.Wait()
}

// pass lets time pass, and wakes the attempt whenever it wants to be.
func (b *broken) pass(d time.Duration) {
	for until := time.Now().Add(d); ; {
		b.mu.Lock()
		next, over := b.wake, b.ended
		b.mu.Unlock()
		if over || !next.After(time.Now()) || next.After(until) {
			time.Sleep(time.Until(until))
			return
		}
		time.Sleep(time.Until(next))
		b.notify()
	}
}

// want checks how the request ended: the text the client has, the end of its
// body, the log words and the counter.
func (b *broken) want(text, end, cause, result, why string) {
	b.t.Helper()
	synctest.Wait()
	if !b.ended {
		b.t.Fatal("the answer did not end")
	}
	body := b.body.String()
	if got := textOf(b.t, body); got != text {
		b.t.Errorf("client has %q, want %q", got, text)
	}
	if !strings.Contains(body[max(0, strings.LastIndex(body, "event: ")):], end) {
		b.t.Errorf("the last event has no %q:\n%s", end, body)
	}
	if n := strings.Count(body, "event: content_block_start"); n != 1 {
		b.t.Errorf("%d blocks:\n%s", n, body)
	}
	line := b.rig.log.FilterMessage("request finished").All()
	if len(line) != 1 {
		b.t.Fatalf("%d log lines", len(line))
	}
	f := line[0].ContextMap()
	rest := resumeIn(f)
	if f["reason"] != result || rest["result"] != result || rest["cause"] != cause || !strings.Contains(fmt.Sprint(rest["error"]), why) {
		b.t.Errorf("log line %v", f)
	}
	if _, stopped := f["stop_reason"]; stopped != (result == "resumed") {
		b.t.Errorf("why the model stopped: %v", f["stop_reason"])
	}
	if b.counter("heald_resumes_total", result) != 1 {
		b.t.Errorf("result %s was not counted", result)
	}
}

// textOf is the text in a stream of Anthropic's events.
func textOf(t *testing.T, body string) string {
	t.Helper()
	var out strings.Builder
	for _, piece := range strings.Split(body, `"text_delta","text":`)[1:] {
		literal, err := jsontext.NewDecoder(strings.NewReader(piece)).ReadValue()
		if err != nil {
			t.Fatal(err)
		}
		text, err := jsontext.AppendUnquote(nil, literal)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(text)
	}
	return out.String()
}

// saidFrame is a frame with text, and the output tokens so far.
func saidFrame(text string, output int) string {
	return fmt.Sprintf("data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": %q}],\"role\": \"model\"}}],\"usageMetadata\": {\"promptTokenCount\": 50,\"candidatesTokenCount\": %d,\"totalTokenCount\": %d},\"responseId\": \"r2\"}\r\n\r\n", text, output, 50+output)
}

const (
	beginning  = "Rotterdam has the largest harbor of Europe, and has gro"
	errorFrame = "data: {\"error\": {\"code\": 503, \"message\": \"overloaded\", \"status\": \"UNAVAILABLE\"}}\r\n\r\n"
	wrongFrame = "data: {\"error\": {\"code\": 400, \"message\": \"unheard of\", \"status\": \"INVALID_ARGUMENT\"}}\r\n\r\n"
	callFrame  = "data: {\"candidates\": [{\"content\": {\"parts\": [{\"functionCall\": {\"name\": \"ls\", \"args\": {}}}],\"role\": \"model\"}}]}\r\n\r\n"
	thinkFrame = "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"hm\", \"thought\": true}],\"role\": \"model\"}}]}\r\n\r\n"
	badForm    = `{"error":{"code":400,"message":"Please ensure that multiturn requests end with a user role.","status":"INVALID_ARGUMENT"}}`
	resumeSet  = "resume=text,idle_timeout=20s,ping=3s,peek.timeout=10s"
)
