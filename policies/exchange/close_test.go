package exchange

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// The log tells upstream's status where there was one.
func TestLoggedStatus(t *testing.T) {
	r := newRig(t, nil)
	r.retry(t, 1, "", ask, 503, overload, policies.Retry)
	a := r.begin(2, "")
	send(t, a, ask)
	a.Close(policies.EndCancelled)
	lines := r.log.FilterMessage("attempt finished").All()
	if len(lines) != 2 {
		t.Fatalf("%d lines", len(lines))
	}
	if got := lines[0].ContextMap()["upstream_status"]; got != int64(503) {
		t.Errorf("status %v", got)
	}
	if got, ok := lines[1].ContextMap()["upstream_status"]; ok {
		t.Errorf("status %v of no response", got)
	}
}

// What ends an attempt early is told apart in the log and in the metric: only a
// panic is a defect of heald alone.
func TestAttemptsThatBreak(t *testing.T) {
	for _, c := range []struct {
		end    policies.End
		reason string
	}{
		{policies.EndPanic, heal.ReasonPanic},
		{policies.EndProtocol, heal.ReasonProtocol},
		{policies.EndTooLarge, heal.ReasonBodyTooLarge},
		{policies.EndShutdown, heal.ReasonClientGone}, // Envoy asks another replica
	} {
		t.Run(c.end.String(), func(t *testing.T) {
			r := newRig(t, nil)
			a := r.begin(1, "")
			send(t, a, ask)
			a.Close(c.end)
			lines := r.log.FilterMessage("attempt finished").All()
			if len(lines) != 1 {
				t.Fatalf("%d lines", len(lines))
			}
			if f := lines[0].ContextMap(); f["verdict"] != policies.Retry.String() || f["reason"] != c.reason {
				t.Errorf("logged %v %v, want retry %s", f["verdict"], f["reason"], c.reason)
			}
			if n := r.log.FilterMessage("request finished").Len(); n != 0 {
				t.Errorf("%d lines for the request, but another attempt follows", n)
			}
		})
	}
}

// A client that leaves before its request went upstream has not seen it fail, and
// nothing follows. If the replica has to go, Envoy asks another.
func TestGoneBeforeSentIsNoFailure(t *testing.T) {
	for _, c := range []struct {
		name    string
		after   time.Duration
		end     policies.End
		verdict policies.Verdict
		ended   float64 // requests
	}{
		{"while decoding", 0, policies.EndCancelled, policies.Fail, 1},
		{"while waiting", 10 * time.Millisecond, policies.EndCancelled, policies.Fail, 1},
		{"the replica goes", 10 * time.Millisecond, policies.EndShutdown, policies.Retry, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, count := newRig(t, nil).counting(t)
				first := r.retry(t, 1, "", ask, 503, overload, policies.Retry)
				a := r.begin(2, first.Memory)
				if reply := a.RequestHeaders(); reply != nil {
					t.Fatalf("refused: %s", reply.Body)
				}
				ctx, cancel := context.WithTimeout(t.Context(), c.after)
				defer cancel()
				if f, reply := a.RequestBody(ctx, []byte(ask)); f != nil || reply.Reason != heal.ReasonClientGone {
					t.Fatalf("forward %+v, reply %+v", f, reply)
				}
				a.Close(c.end)
				lines := r.log.FilterMessage("attempt finished").All()
				if f := lines[len(lines)-1].ContextMap(); f["verdict"] != c.verdict.String() || f["reason"] != heal.ReasonClientGone {
					t.Errorf("logged %v %v", f["verdict"], f["reason"])
				}
				ended := r.log.FilterMessage("request finished").All()
				if n := float64(len(ended)); n != c.ended || count("heald_requests_total", "claude") != n || n > 0 && ended[0].ContextMap()["outcome"] != "canceled" {
					t.Errorf("%v lines for the request, %v counted, want %v", n, count("heald_requests_total", "claude"), c.ended)
				}
			})
		})
	}
}
