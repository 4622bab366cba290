package extproc_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/extproc/extproctest"
	"github.com/heald-proxy/heald/policies"
)

// The headers are held until the attempt passes; they leave with a chunk
// right behind, and from then on every chunk leads to at most one reply.
func TestPass(t *testing.T) {
	n := 0
	s := &extproctest.Script{ResponseBody: func(chunk []byte, end bool) policies.Action {
		if n++; n == 1 || n == 3 {
			return hold()
		}
		a := send("<" + string(chunk) + ">")
		a.Head = &policies.Head{
			Status: 201,
			Set:    policies.Headers{{Name: "content-type", Value: "application/json"}},
			Remove: []string{"content-encoding"},
		}
		a.End = end
		return a
	}}
	playWhole(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendResponseHeaders(200, "content-type", "text/event-stream", "content-encoding", "gzip", "content-length", "4")
		e.WantNothing()
		e.SendChunk("1", false)
		e.WantNothing()
		e.SendChunk("2", false)
		e.WantPass(201, "content-type", "application/json", "content-encoding", extproctest.Absent)
		e.WantChunk("<2>", false)
		e.SendChunk("3", false)
		e.WantNothing()
		e.SendChunk("4", true)
		e.WantChunk("<4>", true)
		s.WantClosed(t, policies.EndComplete)
	})
}

// A body held to its end leaves as one.
func TestHeldWhole(t *testing.T) {
	var all []byte
	s := &extproctest.Script{ResponseBody: func(chunk []byte, end bool) policies.Action {
		all = append(all, chunk...)
		if !end {
			return hold()
		}
		a := send(string(all))
		a.End = true
		return a
	}}
	playWhole(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendResponseHeaders(200)
		for range 50 {
			e.SendChunk("x", false)
		}
		e.WantNothing()
		e.SendChunk("", true)
		e.WantPass(200)
		e.WantChunk(strings.Repeat("x", 50), true)
		s.WantClosed(t, policies.EndComplete)
	})
}

// Long replies are split below Envoy's 64 KiB.
func TestSplit(t *testing.T) {
	long := strings.Repeat("0123456789", 20_000)
	s := &extproctest.Script{ResponseBody: func([]byte, bool) policies.Action { return send(long) }}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendResponseHeaders(200)
		e.SendChunk("x", true)
		e.WantPass(200)
		for len(long) > 62_000 {
			e.WantChunk(long[:62_000], false)
			long = long[62_000:]
		}
		e.WantChunk(long, true)
		s.WantClosed(t, policies.EndComplete)
	})
}

// The response may be ended while the provider still sends. What comes after
// is ignored.
func TestEarlyEnd(t *testing.T) {
	s := &extproctest.Script{ResponseBody: func([]byte, bool) policies.Action {
		a := send("enough")
		a.End = true
		return a
	}}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendResponseHeaders(200)
		e.SendChunk("1", false)
		e.WantPass(200)
		e.WantChunk("enough", true)
		s.WantClosed(t, policies.EndComplete)
		e.SendChunk("2", false)
		e.SendTrailers()
		e.WantNothing()
		e.Cancel()
		s.WantClosed(t, policies.EndComplete)
	})
}

// An attempt that has nothing to add still ends with the provider.
func TestEndWithNothingToSay(t *testing.T) {
	s := &extproctest.Script{ResponseBody: func(chunk []byte, end bool) policies.Action {
		if end {
			return hold()
		}
		return send(string(chunk))
	}}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendResponseHeaders(200)
		e.SendChunk("1", false)
		e.WantPass(200)
		e.WantChunk("1", false)
		e.SendChunk("", true)
		e.WantChunk("", true)
		s.WantClosed(t, policies.EndComplete)
	})
}

// With trailers the body's last chunk must not end the stream; they do.
func TestTrailers(t *testing.T) {
	s := &extproctest.Script{ResponseBody: func(chunk []byte, end bool) policies.Action {
		if end {
			return send("last")
		}
		return send(string(chunk))
	}}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendResponseHeaders(200)
		e.SendChunk("1", false)
		e.WantPass(200)
		e.WantChunk("1", false)
		e.SendTrailers("grpc-status", "0")
		e.WantChunk("last", false)
		e.WantTrailers()
		s.WantClosed(t, policies.EndComplete)
	})
}

// Trailers may decide a response that was held until then.
func TestTrailersWhileHeld(t *testing.T) {
	s := &extproctest.Script{ResponseBody: func(_ []byte, end bool) policies.Action {
		if end {
			return send("all")
		}
		return hold()
	}}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendResponseHeaders(200)
		e.SendChunk("1", false)
		e.WantNothing()
		e.SendTrailers()
		e.WantPass(200)
		e.WantChunk("all", false)
		e.WantTrailers()
	})
}

// Trailers without a chunk before them never made body replies legal.
func TestTrailersOnly(t *testing.T) {
	s := &extproctest.Script{ResponseBody: func([]byte, bool) policies.Action { return send("all") }}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendResponseHeaders(200, "content-type", "text/plain")
		e.SendTrailers()
		r := e.WantImmediate(200, policies.HeaderVerdict, "pass", "content-type", "text/plain")
		if string(r.Body) != "all" {
			t.Errorf("body %q", r.Body)
		}
	})
}

// Envoy ignores chunks for a response without a body, so passing one takes a
// whole reply. The provider's headers stay.
func TestHeaderOnlyPassed(t *testing.T) {
	s := &extproctest.Script{ResponseHeaders: func(*policies.Response) policies.Action {
		a := send("made up")
		a.Head = &policies.Head{Status: 200, Set: policies.Headers{{Name: "content-type", Value: "text/plain"}}, Remove: []string{"server"}}
		return a
	}}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendResponseHeadersOnly(204, "server", "scaffolding", "content-length", "0", "etag", "1", "x-envoy-upstream-service-time", "3")
		r := e.WantImmediate(200,
			policies.HeaderVerdict, "pass", policies.HeaderRetry, extproctest.Absent,
			"content-type", "text/plain", "etag", "1", "server", extproctest.Absent, "content-length", extproctest.Absent,
			"x-envoy-upstream-service-time", extproctest.Absent) // Envoy counts it as a rejected mutation
		if string(r.Body) != "made up" || r.Details != "heald_pass" {
			t.Errorf("body %q, details %q", r.Body, r.Details)
		}
		s.WantClosed(t, policies.EndComplete)
	})
}

// Passing in answer to the headers waits for the first chunk: a body reply
// before it is spurious, and the headers alone would not leave Envoy 1.39.
func TestPassBeforeFirstChunk(t *testing.T) {
	s := &extproctest.Script{ResponseHeaders: func(*policies.Response) policies.Action { return send("preamble ") }}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendResponseHeaders(200)
		e.WantNothing()
		e.SendChunk("1", false)
		e.WantPass(200)
		e.WantChunk("preamble ", false)
		e.WantChunk("1", false)
		e.SendChunk("2", true)
		e.WantChunk("2", true)
		s.WantClosed(t, policies.EndComplete)
	})
}

// Nothing more to come, and no chunk yet: the response leaves whole.
func TestEndBeforeFirstChunk(t *testing.T) {
	s := &extproctest.Script{ResponseHeaders: func(*policies.Response) policies.Action {
		a := send("all")
		a.End = true
		return a
	}}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendResponseHeaders(200)
		if r := e.WantImmediate(200, policies.HeaderVerdict, "pass"); string(r.Body) != "all" {
			t.Errorf("body %q", r.Body)
		}
		s.WantClosed(t, policies.EndComplete)
	})
}

// The client left after bytes had gone out.
func TestCancelWhileOpen(t *testing.T) {
	s := &extproctest.Script{}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendResponseHeaders(200)
		e.SendChunk("1", false)
		e.WantPass(200)
		e.WantChunk("1", false)
		e.Cancel()
		e.WantEnd()
		s.WantClosed(t, policies.EndCancelled)
		want := []string{"request_headers POST /v1/messages", "request_body 2", "response_headers 200 via_upstream", "response_body 1 false", "close canceled"}
		if got := s.Calls(); !reflect.DeepEqual(got, want) {
			t.Errorf("calls %q", got)
		}
	})
}

// Attempts of one request share nothing but what Envoy carries over.
func TestAttemptsInARow(t *testing.T) {
	s := &extproctest.Script{RequestHeaders: func(r *policies.Request) *policies.Reply {
		if r.Headers.Get(policies.HeaderMemory) == "" {
			return overloaded()
		}
		return nil
	}}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		e.SendHeaders("POST", "/v1/messages", policies.HeaderAttemptCount, "1")
		wantMarked(t, e)
		e = e.Next()
		e.SendHeaders("POST", "/v1/messages", policies.HeaderAttemptCount, "2", policies.HeaderMemory, "bWVtb3J5")
		e.WantContinue()
		e.SendBody("{}")
		e.WantForward()
		e.SendResponseHeaders(200)
		e.SendChunk("ok", true)
		e.WantPass(200)
		e.WantChunk("ok", true)
		s.WantClosed(t, policies.EndComplete, policies.EndComplete)
	})
}
