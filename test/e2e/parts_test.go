package e2e

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/envoy/locate"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// whole has Envoy hand requests over whole (BUFFERED). All other tests play to
// Envoys that hand them over in parts, which is the default.
func whole(p *bootstrap.Params) { p.BufferRequests = true }

// What a request may be like is the same where Envoy hands it over whole.
func TestWholeRequests(t *testing.T) {
	version := locate.Versions[len(locate.Versions)-1]
	s := stack.Start(t, stack.Options{Envoy: version, Plain: true, Replicas: 2, Params: whole,
		Fake: fakegemini.Options{Tolerate: []fakegemini.Rule{fakegemini.RuleLimits}}, // 20 MB are too many tokens
	})
	healthy(t, s, 2)
	bothKinds(t, func(t *testing.T, stream bool) { oneTurn(t, s, stack.HTTP2, stream) })
	for _, size := range []int{100 * kib, 20 * mib} {
		threeAttempts(t, s, size)
	}
	s.Fake().Reset()
	a := apis[0]
	for _, f := range forms {
		if got := f.send(t, s, a.wholePath, a.wholeBody); f.sees != sees415 {
			if sees, r := a.seen(got, false, good); sees != a.sees[f.sees] {
				t.Errorf("%s: the client sees %q (%s), want %q", f.name, sees, r.message, a.sees[f.sees])
			}
		}
	}
	trailers(t, s)
}

// An HTTP/2 client may end its body with trailers.
func TestRequestTrailers(t *testing.T) {
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		trailers(t, stack.Start(t, stack.Options{Envoy: version, Plain: true}))
	})
}

func trailers(t *testing.T, s *stack.Stack) {
	t.Helper()
	for _, size := range []int{10, 300 * kib} {
		s.Fake().Reset()
		s.Fake().Enqueue(fakegemini.Status(503))
		text := strings.Repeat("x", size)
		// A reader whose length is not known: only such a body may have trailers.
		req, err := http.NewRequestWithContext(patient(t), http.MethodPost, s.URL+messages, io.MultiReader(strings.NewReader(turn(model, text, false))))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("content-type", "application/json")
		req.Trailer = http.Header{"X-Sum": {"1"}}
		resp, err := stack.NewClient(t, stack.HTTP2).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		answer, wrong := answerText(stack.Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(body), Err: err}, false)
		if wrong != nil || !strings.HasPrefix(answer, "You said: x") {
			t.Errorf("%d bytes with trailers: %q, %v", size, brief(answer), wrong)
		}
		calls := s.Fake().Requests()
		if len(calls) != 2 || !bytes.Equal(calls[0].Body, calls[1].Body) {
			t.Errorf("%d bytes with trailers: %d upstream calls, want 2 of the same body", size, len(calls))
		}
	}
}

// A client that sends slowly holds what it has sent, and nothing for what it has
// only announced: others get through meanwhile. Inner's limit on bodies does
// not count.
func TestSlowUpload(t *testing.T) {
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Plain: true, MemoryLimit: 256 * mib, Edit: smallInner})
		const size, first = 24 * mib, 3 * mib
		body := turn(model, strings.Repeat("x", size), false)
		from, to := io.Pipe()
		req, err := http.NewRequestWithContext(patient(t), http.MethodPost, s.URL+messages, from)
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = int64(len(body))
		req.Header.Set("content-type", "application/json")
		answer := make(chan int, 1)
		go func() { // ends with its request
			resp, err := stack.NewClient(t, stack.HTTP1).Do(req)
			if err != nil {
				answer <- 0
				return
			}
			_ = resp.Body.Close()
			answer <- resp.StatusCode
		}()
		if _, err := io.WriteString(to, body[:first]); err != nil {
			t.Fatal(err)
		}
		held := func() float64 { return s.Replicas[0].Metric("heald_held_bytes") }
		eventually(t, "what was sent is held", func() bool { return held() >= first-mib })
		if got := held(); got > 4*first {
			t.Errorf("%v bytes are held for %d that were sent", got, first)
		}
		if text, err := answerText(s.Post(messages, turn(model, "hello", true)), true); err != nil || text != good {
			t.Errorf("meanwhile: %q, %v", text, err)
		}
		if _, err := io.WriteString(to, body[first:]); err != nil {
			t.Errorf("the rest was not taken: %v", err)
		}
		_ = to.Close()
		if status := <-answer; status != http.StatusBadRequest && status != http.StatusOK { // too many tokens for the fake
			t.Errorf("status %d in the end", status)
		}
		s.Settle()
		eventually(t, "nothing is held in the end", func() bool { return held() == 0 })
	})
}

// smallInner leaves the inner listener a limit of a few bytes.
func smallInner(yaml string) string {
	const limit = "request_body_buffer_limit: \"33554432\""
	i := strings.LastIndex(yaml, limit)
	return yaml[:i] + "request_body_buffer_limit: 1000" + yaml[i+len(limit):]
}
