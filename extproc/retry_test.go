package extproc_test

import (
	"testing"

	"github.com/heald-proxy/heald/extproc/extproctest"
	"github.com/heald-proxy/heald/policies"
)

// marked are the headers of overloaded.
var marked = []string{
	"content-type", "application/json",
	policies.HeaderVerdict, "failover",
	policies.HeaderRetry, "1",
	policies.HeaderRetryAfter, "2", // 1.5 s, never shorter than asked for
	policies.HeaderMemory, "bWVtb3J5",
}

func wantMarked(t *testing.T, e *extproctest.Envoy) {
	t.Helper()
	r := e.WantImmediate(529, marked...)
	if string(r.Body) != `{"type":"error"}` || r.Details != "heald_upstream_overloaded" {
		t.Errorf("body %q, details %q", r.Body, r.Details)
	}
}

// Every point at which an attempt may be given up leads to the same reply.
func TestMarkInAnswerToTheResponse(t *testing.T) {
	t.Run("while holding after a chunk", func(t *testing.T) {
		s := &extproctest.Script{ResponseBody: func(chunk []byte, _ bool) policies.Action {
			if string(chunk) == "bad" {
				return answer(overloaded())
			}
			return hold()
		}}
		play(t, s, func(t *testing.T, e *extproctest.Envoy) {
			upTo(e)
			e.SendResponseHeaders(200, "content-type", "text/event-stream")
			e.WantNothing()
			e.SendChunk("good", false)
			e.WantNothing()
			e.SendChunk("bad", false)
			wantMarked(t, e)
			s.WantClosed(t, policies.EndComplete)
		})
	})
	t.Run("in answer to response headers, before a chunk", func(t *testing.T) {
		s := &extproctest.Script{ResponseHeaders: func(*policies.Response) policies.Action { return answer(overloaded()) }}
		play(t, s, func(t *testing.T, e *extproctest.Envoy) {
			upTo(e)
			e.SendResponseHeaders(503)
			wantMarked(t, e)
			s.WantClosed(t, policies.EndComplete)
		})
	})
	t.Run("in answer to a 429 without body", func(t *testing.T) {
		s := &extproctest.Script{ResponseHeaders: func(r *policies.Response) policies.Action {
			if !r.NoBody || r.Status != 429 || r.Headers.Get("retry-after") != "7" {
				t.Errorf("response %+v", r)
			}
			return answer(overloaded())
		}}
		play(t, s, func(t *testing.T, e *extproctest.Envoy) {
			upTo(e)
			e.SendResponseHeadersOnly(429, "retry-after", "7")
			wantMarked(t, e)
			s.WantClosed(t, policies.EndComplete)
		})
	})
}

func TestMarkInAnswerToTheRequest(t *testing.T) {
	t.Run("in answer to the request body", func(t *testing.T) {
		s := refuseBody()
		play(t, s, func(t *testing.T, e *extproctest.Envoy) {
			e.SendHeaders("POST", "/v1/messages")
			e.WantContinue()
			e.SendBody("{}")
			wantMarked(t, e)
			s.WantClosed(t, policies.EndComplete)
		})
	})
	t.Run("in answer to request headers, the body still uploading", func(t *testing.T) {
		s := &extproctest.Script{RequestHeaders: func(*policies.Request) *policies.Reply { return overloaded() }}
		play(t, s, func(t *testing.T, e *extproctest.Envoy) {
			e.SendHeaders("POST", "/v1/messages", "content-length", "31457280")
			wantMarked(t, e)
			s.WantClosed(t, policies.EndComplete)
			e.SendBody("under way") // ignored
			e.WantNothing()
		})
	})
}

func refuseBody() *extproctest.Script {
	return &extproctest.Script{RequestBody: refusedBody}
}

// A final error carries the stamp, or it would be retried, and no mark.
func TestFinalError(t *testing.T) {
	s := &extproctest.Script{RequestHeaders: func(*policies.Request) *policies.Reply {
		return &policies.Reply{Status: 401, Body: []byte("no"), Verdict: policies.Fail, Reason: "refused", Memory: "kept back", Wait: 9e9}
	}}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		e.SendHeaders("POST", "/v1/messages")
		e.WantImmediate(401,
			policies.HeaderVerdict, "fail",
			policies.HeaderRetry, extproctest.Absent,
			policies.HeaderRetryAfter, extproctest.Absent,
			policies.HeaderMemory, extproctest.Absent)
	})
}

// Waits below a second are left to Envoy's own back-off.
func TestShortWait(t *testing.T) {
	s := &extproctest.Script{RequestHeaders: func(*policies.Request) *policies.Reply {
		return &policies.Reply{Status: 503, Verdict: policies.Retry, Reason: "rate_limited", Wait: 999e6}
	}}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		e.SendHeaders("POST", "/v1/messages")
		e.WantImmediate(503, policies.HeaderRetry, "1", policies.HeaderRetryAfter, extproctest.Absent)
	})
}

// What Envoy answers for the provider comes as a response with its details.
func TestLocalReplies(t *testing.T) {
	for _, c := range []struct {
		details string
		status  int
		end     bool
	}{
		{"no_healthy_upstream", 503, false},
		{"upstream_reset_before_response_started{connection_termination}", 503, false},
		{"cluster_not_found", 503, true},
		{"upstream_per_try_timeout", 504, false},
		{"upstream_per_try_idle_timeout", 504, false},
	} {
		t.Run(c.details, func(t *testing.T) {
			var got policies.Response
			s := &extproctest.Script{ResponseHeaders: func(r *policies.Response) policies.Action {
				got = *r
				return answer(overloaded())
			}}
			play(t, s, func(t *testing.T, e *extproctest.Envoy) {
				upTo(e)
				e.SendLocalReply(c.status, c.details, c.end)
				wantMarked(t, e)
				if !got.Local() || got.Details != c.details || got.Status != c.status || got.NoBody != c.end {
					t.Errorf("response %+v", got)
				}
				s.WantClosed(t, policies.EndComplete)
			})
		})
	}
}

// A body above Envoy's buffer limit: Envoy's 413 comes where the request body
// was due. A reply for the body would then be spurious.
func TestBufferLimit(t *testing.T) {
	s := &extproctest.Script{ResponseHeaders: func(r *policies.Response) policies.Action {
		return answer(&policies.Reply{Status: 413, Body: []byte(`{"too":"large"}`), Verdict: policies.Fail, Reason: "request_body_too_large"})
	}}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		e.SendHeaders("POST", "/v1/messages")
		e.WantContinue()
		e.SendLocalReply(413, "request_payload_too_large", false)
		e.WantImmediate(413, policies.HeaderVerdict, "fail", policies.HeaderRetry, extproctest.Absent)
		e.SendChunk("Payload Too Large", true)
		e.WantNothing()
		s.WantClosed(t, policies.EndComplete)
	})
}

// A reset while the response is held reaches heald as the stream's end only.
func TestResetWhileHeld(t *testing.T) {
	s := holdAll()
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendResponseHeaders(200)
		e.SendChunk("half", false)
		e.HangUp()
		e.WantEnd()
		s.WantClosed(t, policies.EndCancelled)
	})
}

// The client left while the response was held.
func TestCancelWhileHeld(t *testing.T) {
	s := holdAll()
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendResponseHeaders(200)
		e.SendChunk("half", false)
		e.WantNothing()
		e.Cancel()
		e.WantEnd()
		s.WantClosed(t, policies.EndCancelled)
	})
}

func holdAll() *extproctest.Script {
	return &extproctest.Script{ResponseBody: func([]byte, bool) policies.Action { return hold() }}
}
