package exchange

import (
	"testing"

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
