package exchange

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// Every attempt at another replica, whose clocks differ by minutes in both
// directions: no request ends before its deadline, none goes on after it, and
// waits are as long as they should be.
func TestReplicasWithOtherClocks(t *testing.T) {
	for _, skew := range []time.Duration{0, 10 * time.Minute, -10 * time.Minute} {
		t.Run(fmt.Sprint(skew), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				replica := func(ahead time.Duration) rig {
					r := newRig(t, func(cfg *Config) {
						cfg.Accounts, cfg.Backends = cfg.Accounts[:1], cfg.Backends[:1]
						cfg.Policies = map[string]route.Settings{route.DefaultPolicy: {Attempts: 5}}
					})
					r.clock = heal.ClockReading(func() time.Time { return time.Now().Add(ahead) })
					return r
				}
				replicas := []rig{replica(0), replica(skew)}
				memory := ""
				for n := 1; n <= 4; n++ {
					a := replicas[n%2].begin(n, memory)
					before := time.Now()
					send(t, a, ask)
					want := 500 * time.Millisecond
					if n == 1 {
						want = 0
					}
					if got := time.Since(before); got != want {
						t.Errorf("attempt %d waits %v, want %v", n, got, want)
					}
					time.Sleep(2 * time.Minute)
					reply := answerWith(a, 429, minute).Reply
					if reply == nil || reply.Verdict != policies.Retry || reply.Wait != time.Second {
						t.Fatalf("attempt %d: %+v", n, reply)
					}
					memory = reply.Memory
					time.Sleep(reply.Wait)
				}
				late := replicas[1].begin(5, memory)
				late.RequestHeaders()
				time.Sleep(2 * time.Minute) // the deadline is 10 minutes
				if _, reply := late.RequestBody(context.Background(), []byte(ask)); reply == nil || reply.Reason != heal.ReasonDeadline {
					t.Errorf("after the deadline: %+v", reply)
				}
			})
		})
	}
}

// A date at which to come back is on the server's clock.
func TestRetryAfterIsOnTheServersClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, ahead := range []time.Duration{0, 10 * time.Minute, -10 * time.Minute} {
			r := newRig(t, func(cfg *Config) { cfg.Accounts, cfg.Backends = cfg.Accounts[:1], cfg.Backends[:1] })
			server := time.Now().Add(ahead).UTC()
			const form = "Mon, 02 Jan 2006 15:04:05 GMT"
			a := r.begin(1, "")
			send(t, a, ask)
			answerWith(a, 503, overload, "date", server.Format(form), "retry-after", server.Add(4*time.Second).Format(form))
			if a.record.wait != 4*time.Second {
				t.Errorf("clocks %v apart: waits %v, want 4s", ahead, a.record.wait)
			}
		}
	})
}
