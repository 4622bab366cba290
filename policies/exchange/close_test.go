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
	if got := lines[0].ContextMap()["status"]; got != int64(503) {
		t.Errorf("status %v", got)
	}
	if got, ok := lines[1].ContextMap()["status"]; ok {
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
		{policies.EndCancelled, heal.ReasonClientGone},
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

// A client that leaves before its request went upstream has not seen it fail,
// nor has one whose replica drains: Envoy asks another.
func TestGoneBeforeSentIsNoFailure(t *testing.T) {
	for _, c := range []struct {
		name  string
		after time.Duration
	}{{"while decoding", 0}, {"while waiting", 10 * time.Millisecond}} {
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
				a.Close(policies.EndCancelled)
				lines := r.log.FilterMessage("attempt finished").All()
				if f := lines[len(lines)-1].ContextMap(); f["verdict"] != policies.Retry.String() || f["reason"] != heal.ReasonClientGone {
					t.Errorf("logged %v %v", f["verdict"], f["reason"])
				}
				if n := r.log.FilterMessage("request finished").Len(); n != 0 || count("heald_requests_total", "claude") != 0 {
					t.Errorf("%d lines for the request, %v counted", n, count("heald_requests_total", "claude"))
				}
			})
		})
	}
}
