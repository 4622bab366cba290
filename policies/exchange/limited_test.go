package exchange

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// A request waits for an account over its rate limit if nothing else is ready,
// and for no longer than max_wait or the deadline.
func TestRateLimitIsWaitedFor(t *testing.T) {
	for _, c := range []struct {
		name  string
		chain route.Chain
		cool  time.Duration
		cause string
		at    string
		waits time.Duration
	}{
		{"nothing else is ready", route.Chain{{Model: "pro", Backend: "a"}}, 3 * time.Second, heal.ReasonRateLimit, "a", 3 * time.Second},
		{"another backend is ready", route.Chain{{Model: "pro"}}, 3 * time.Second, heal.ReasonRateLimit, "b", 0},
		{"too long to wait for", route.Chain{{Model: "pro", Backend: "a"}}, time.Minute, heal.ReasonRateLimit, "", 0},
		{"failures of others are not waited for", route.Chain{{Model: "pro", Backend: "a"}}, 3 * time.Second, heal.ReasonServerError, "a", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := chained(t, c.chain, nil)
				r.cool("a-1", "pro", c.cause, c.cool)
				before := time.Now()
				a := r.begin(1, "")
				if c.at == "" {
					if reply := r.refused(t, a, askTop); reply.Status != 429 || reply.Reason != heal.ReasonAccountsLimited || reply.Headers.Get("retry-after") != "60" {
						t.Errorf("%d %s %v", reply.Status, reply.Reason, reply.Headers)
					}
					return
				}
				send(t, a, askTop)
				if got := time.Since(before); got != c.waits || a.backend.Name != c.at {
					t.Errorf("goes to %s after %v, want %s after %v", a.backend.Name, got, c.at, c.waits)
				}
			})
		})
	}
}

// Nobody waits past the request's deadline: another model that is ready is asked
// instead, and without one the request is refused at once.
func TestRateLimitBeyondTheDeadline(t *testing.T) {
	for _, c := range []struct {
		chain route.Chain
		want  string
	}{
		{route.Chain{{Model: "pro", Backend: "a"}, {Model: "lite", Backend: "a"}}, "lite"},
		{route.Chain{{Model: "pro", Backend: "a"}}, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := chained(t, c.chain, func(cfg *Config) {
				cfg.Policies = map[string]route.Settings{route.DefaultPolicy: {Deadline: 3 * time.Second}}
			})
			r.cool("a-1", "pro", heal.ReasonRateLimit, 3*time.Second)
			before := time.Now()
			a := r.begin(1, "")
			if c.want == "" {
				if reply := r.refused(t, a, askTop); reply.Status != 429 || time.Since(before) != 0 {
					t.Errorf("%d after %v", reply.Status, time.Since(before))
				}
				return
			}
			send(t, a, askTop)
			if waited := time.Since(before); waited > 0 || a.model != c.want {
				t.Errorf("asks %s after %v, want %s", a.model, waited, c.want)
			}
		})
	}
}

// A retry waits, too, for what is known to be over its rate limit for a while
// that may be waited: asked at once, it would be refused, and the attempt lost.
func TestFailoverWaitsForARateLimit(t *testing.T) {
	for _, c := range []struct {
		limited, waits time.Duration
		at             string
	}{
		{5 * time.Second, 5 * time.Second, "b"},
		{time.Minute, 0, "a"}, // it may answer by now
	} {
		synctest.Test(t, func(t *testing.T) {
			r := chained(t, route.Chain{{Model: "pro"}}, func(c *Config) {
				c.Policies = map[string]route.Settings{route.DefaultPolicy: {Attempts: 2}}
			})
			first := r.begin(1, "")
			send(t, first, askTop)
			r.cool("b-1", "pro", heal.ReasonRateLimit, c.limited)
			reply := first.ResponseHeaders(&policies.Response{Status: 503, Details: refusedConnection}).Reply
			first.Close(policies.EndComplete)
			before := time.Now()
			last := r.begin(2, reply.Memory)
			send(t, last, askTop)
			if waited := time.Since(before); last.backend.Name != c.at || waited != c.waits {
				t.Errorf("limited for %v: goes to %s after %v", c.limited, last.backend.Name, waited)
			}
		})
	}
}
