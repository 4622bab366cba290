package exchange

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// What the request's own deadline cuts off is not laid to the provider, whatever
// the attempt was waiting for, and nothing says that a status came that did not.
func TestDeadlineIsNoSilence(t *testing.T) {
	headers := func(a *attempt) {
		a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	}
	for _, c := range []struct {
		name, path, body string
		until            func(*attempt)
		status           int // upstream's
	}{
		{"headers", "", ask, func(*attempt) {}, 0},
		{"the first content", "", ask, headers, 200},
		{"the rest of a document", "", askWhole, func(a *attempt) {
			headers(a)
			a.ResponseBody([]byte(hello), false)
		}, 200},
		{"vectors", embeddingsPath, askVectors, headers, 200},
	} {
		for _, late := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil)
				set, reason, status := "deadline=1m", heal.ReasonDeadline, 504
				if !late {
					set, reason, status = "peek.timeout=1m,idle_timeout=1m", heal.ReasonPeekTimeout, 500
				}
				in := headOf(1, "", "x-heald-set", set+",attempts=1")
				if c.path != "" {
					in.Path = c.path
				}
				a := r.Begin(context.Background(), in).(*attempt)
				send(t, a, c.body)
				c.until(a)
				time.Sleep(time.Minute)
				reply := a.Wake().Reply
				a.Close(policies.EndComplete)
				if !late && c.name == "the rest of a document" {
					return // that is cut short, not silent
				}
				if reply == nil || reply.Reason != reason || reply.Status != status {
					t.Fatalf("%s, late: %v: %+v", c.name, late, reply)
				}
				line := r.log.FilterMessage("attempt finished").All()[0].ContextMap()
				if said, _ := line["error"].(string); said == "" || strings.Contains(said, "status 200") {
					t.Errorf("%s: the error is %q", c.name, said)
				}
				if got, _ := line["upstream_status"].(int64); got != int64(c.status) {
					t.Errorf("%s: upstream status %v", c.name, line["upstream_status"])
				}
			})
		}
	}
}

// With milliseconds left, an attempt only costs; a short deadline leaves it less
// time.
func TestNoAttemptWithMillisecondsLeft(t *testing.T) {
	for _, c := range []struct {
		deadline   string
		late, fits time.Duration
	}{
		{"3s", 3*time.Second - 99*time.Millisecond, 3*time.Second - 100*time.Millisecond},
		{"200ms", 181 * time.Millisecond, 180 * time.Millisecond},
	} {
		for _, after := range []time.Duration{c.late, c.fits} {
			synctest.Test(t, func(t *testing.T) {
				a := newRig(t, nil).begin(1, "", "x-heald-set", "deadline="+c.deadline)
				a.RequestHeaders()
				time.Sleep(after)
				_, reply := a.RequestBody(context.Background(), []byte(ask))
				refused := reply != nil && reply.Reason == heal.ReasonDeadline && reply.Status == 504
				if refused != (after == c.late) {
					t.Errorf("%v after the beginning of %s: %+v", after, c.deadline, reply)
				}
				a.Close(policies.EndComplete)
			})
		}
	}
}

// Nor is another attempt asked for that could not begin.
func TestNoRetryWithMillisecondsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for after, want := range map[time.Duration]policies.Verdict{
			2950 * time.Millisecond: policies.Fail, time.Second: policies.Retry,
		} {
			a := newRig(t, nil).begin(1, "", "x-heald-set", "deadline=3s")
			send(t, a, ask)
			time.Sleep(after)
			if act := answerWith(a, 429, minute); act.Reply.Verdict != want {
				t.Errorf("after %v: %+v", after, act.Reply)
			}
		}
	})
}
