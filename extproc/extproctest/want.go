package extproctest

import (
	"fmt"
	"strings"
	"testing/synctest"
	"time"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"

	"github.com/heald-proxy/heald/policies"
)

// patience is how long, in the bubble's time, an expectation waits.
const patience = time.Hour

// Absent as an expected value says that the header must not be there.
const Absent = "\x00absent"

// Forwarded is the request that goes to the provider.
type Forwarded struct {
	Headers policies.Headers // pseudo headers too
	Body    []byte
}

// Immediate is a reply of heald.
type Immediate struct {
	Status  int
	Headers policies.Headers
	Body    []byte
	Details string
}

// next returns the next reply, which must be legal.
func (e *Envoy) next(want string) *extprocv3.ProcessingResponse {
	e.t.Helper()
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case r, ok := <-e.replies:
		if !ok {
			e.t.Fatalf("want %s, but the server ended the stream", want)
		}
		if r.err != nil {
			e.t.Fatalf("want %s, got %v", want, r.err)
		}
		return r.reply
	case <-wait.C:
		e.t.Fatalf("want %s, got nothing for %s", want, patience)
	}
	return nil
}

// WantNothing expects that the server has nothing to say to what it got.
func (e *Envoy) WantNothing() {
	e.t.Helper()
	synctest.Wait()
	select {
	case r, ok := <-e.replies:
		switch {
		case !ok:
			e.t.Fatalf("want nothing, but the server ended the stream")
		case r.err != nil:
			e.t.Fatalf("want nothing, got %v", r.err)
		default:
			e.t.Fatalf("want nothing, got %s", brief(r.reply))
		}
	default:
	}
}

// WantEnd expects that the stream is over, with no more replies.
func (e *Envoy) WantEnd() {
	e.t.Helper()
	if r, ok := <-e.replies; ok {
		e.t.Fatalf("want the end of the stream, got %s", brief(r.reply))
	}
}

// WantContinue expects the request headers to go on, unchanged but for the note
// that heald has received them. With a body in parts it expects nothing.
func (e *Envoy) WantContinue() {
	e.t.Helper()
	if e.duplex() {
		e.WantNothing()
		return
	}
	m := e.next("continue")
	r, ok := m.GetResponse().(*extprocv3.ProcessingResponse_RequestHeaders)
	c := r.RequestHeaders.GetResponse()
	set := c.GetHeaderMutation().GetSetHeaders()
	if !ok || c.GetBodyMutation() != nil || c.GetClearRouteCache() || len(c.GetHeaderMutation().GetRemoveHeaders()) > 0 ||
		len(set) != 1 || set[0].GetHeader().GetKey() != policies.HeaderReceived {
		e.t.Fatalf("want continue, got %s", brief(m))
	}
}

// WantForward expects the rewritten request, with these headers, names and
// values in turn; pseudo headers count.
func (e *Envoy) WantForward(headers ...string) *Forwarded {
	e.t.Helper()
	m := e.next("forward")
	var c *extprocv3.CommonResponse
	switch r := m.GetResponse().(type) {
	case *extprocv3.ProcessingResponse_RequestBody:
		c = r.RequestBody.GetResponse()
	case *extprocv3.ProcessingResponse_RequestHeaders:
		c = r.RequestHeaders.GetResponse()
	}
	if c == nil {
		e.t.Fatalf("want forward, got %s", brief(m))
	}
	f := &Forwarded{Body: c.GetBodyMutation().GetBody()}
	if e.duplex() && e.sentBody() {
		f.Body = e.wantParts()
	}
	e.mu.Lock()
	f.Headers = append(policies.Headers(nil), e.judge.request...)
	e.mu.Unlock()
	e.check("forward", f.Headers, headers)
	return f
}

func (e *Envoy) sentBody() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.judge.parts
}

// wantParts expects the whole body of a request, up to its end or the trailers.
func (e *Envoy) wantParts() (body []byte) {
	e.t.Helper()
	for {
		synctest.Wait() // so that the judge has seen a reply to trailers
		if e.trailersNext(len(body)) {
			return body
		}
		m := e.next("part of the request")
		part := m.GetRequestBody().GetResponse().GetBodyMutation().GetStreamedResponse()
		if part == nil {
			e.t.Fatalf("want a part of the request, got %s", brief(m))
		}
		body = append(body, part.GetBody()...)
		if part.GetEndOfStream() {
			return body
		}
	}
}

// trailersNext reports whether n bytes are all of a body that trailers end.
func (e *Envoy) trailersNext(n int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.judge.withTrailers && n == e.judge.replied
}

// WantRequestTrailers expects request trailers to go on.
func (e *Envoy) WantRequestTrailers() {
	e.t.Helper()
	if m := e.next("request trailers"); m.GetRequestTrailers() == nil {
		e.t.Fatalf("want request trailers, got %s", brief(m))
	}
}

// WantPass expects the response headers to be released with these, names and
// values in turn.
func (e *Envoy) WantPass(status int, headers ...string) {
	e.t.Helper()
	m := e.next("pass")
	if m.GetResponseHeaders() == nil {
		e.t.Fatalf("want pass, got %s", brief(m))
	}
	e.mu.Lock()
	seen := e.judge.seen
	e.mu.Unlock()
	if seen.Status != status {
		e.t.Fatalf("pass: status %d, want %d", seen.Status, status)
	}
	e.check("pass", seen.Headers, append([]string{policies.HeaderVerdict, "pass", "content-length", Absent}, headers...))
}

// WantChunk expects one body reply.
func (e *Envoy) WantChunk(body string, end bool) {
	e.t.Helper()
	m := e.next("chunk")
	part := m.GetResponseBody().GetResponse().GetBodyMutation().GetStreamedResponse()
	if part == nil {
		e.t.Fatalf("want chunk %q, got %s", shorten(body), brief(m))
	}
	if got := string(part.GetBody()); got != body || part.GetEndOfStream() != end {
		e.t.Fatalf("chunk %q end %t, want %q end %t", shorten(got), part.GetEndOfStream(), shorten(body), end)
	}
}

// WantTrailers expects the response trailers to be released.
func (e *Envoy) WantTrailers() {
	e.t.Helper()
	if m := e.next("trailers"); m.GetResponseTrailers() == nil {
		e.t.Fatalf("want trailers, got %s", brief(m))
	}
}

// WantImmediate expects a reply of heald that reaches the client, with these
// headers, names and values in turn.
func (e *Envoy) WantImmediate(status int, headers ...string) *Immediate {
	e.t.Helper()
	m := e.next("immediate")
	r := m.GetImmediateResponse()
	if r == nil {
		e.t.Fatalf("want immediate %d, got %s", status, brief(m))
	}
	seen := e.Seen()
	if seen.Cut {
		e.t.Fatalf("immediate %d after the response headers had gone out", r.GetStatus().GetCode())
	}
	if seen.Status != status {
		e.t.Fatalf("immediate: status %d, want %d; body %q", seen.Status, status, shorten(string(r.GetBody())))
	}
	e.check("immediate", seen.Headers, headers)
	return &Immediate{Status: seen.Status, Headers: seen.Headers, Body: r.GetBody(), Details: r.GetDetails()}
}

// WantCut expects the response to be broken off after its head went out.
func (e *Envoy) WantCut() {
	e.t.Helper()
	m := e.next("cut")
	if m.GetImmediateResponse() == nil || !e.Seen().Cut {
		e.t.Fatalf("want cut, got %s", brief(m))
	}
}

// Seen is what the client has got so far, unread replies included.
func (e *Envoy) Seen() Seen {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.judge.seen
}

// Rest takes all replies that are left once the server has settled, and
// returns what the client got in all.
func (e *Envoy) Rest() Seen {
	e.t.Helper()
	synctest.Wait()
	for {
		select {
		case r, ok := <-e.replies:
			if r.err != nil {
				e.t.Fatalf("got %v", r.err)
			}
			if ok {
				continue
			}
		default:
		}
		return e.Seen()
	}
}

func (e *Envoy) check(what string, got policies.Headers, want []string) {
	e.t.Helper()
	for i := 0; i+1 < len(want); i += 2 {
		name, value := want[i], want[i+1]
		has := strings.Contains("\n"+names(got), "\n"+name+"\n")
		switch {
		case value == Absent && has:
			e.t.Fatalf("%s: header %s is %q, want none", what, name, got.Get(name))
		case value != Absent && (!has || got.Get(name) != value):
			e.t.Fatalf("%s: header %s is %q, want %q", what, name, got.Get(name), value)
		}
	}
}

func names(h policies.Headers) string {
	var b strings.Builder
	for _, f := range h {
		b.WriteString(f.Name + "\n")
	}
	return b.String()
}

// brief describes a reply for a failed test.
func brief(m *extprocv3.ProcessingResponse) string {
	if r := m.GetImmediateResponse(); r != nil {
		return fmt.Sprintf("immediate %d %s %q", r.GetStatus().GetCode(), r.GetDetails(), shorten(string(r.GetBody())))
	}
	if p := m.GetResponseBody().GetResponse().GetBodyMutation().GetStreamedResponse(); p != nil {
		return fmt.Sprintf("chunk %q end %t", shorten(string(p.GetBody())), p.GetEndOfStream())
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", m.GetResponse()), "*ext_procv3.ProcessingResponse_")
}

func shorten(s string) string {
	if len(s) > 200 {
		return fmt.Sprintf("%s… (%d bytes)", s[:200], len(s))
	}
	return s
}
