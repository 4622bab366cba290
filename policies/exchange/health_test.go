package exchange

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/route"
)

// What an attempt's end says for the health of its quota group: a failure is
// whatever the provider is to blame for, and nothing that the client is.
func TestHealthLearns(t *testing.T) {
	answers := func(status int, body string) func(*attempt) {
		return func(a *attempt) { answerWith(a, status, body) }
	}
	silence := func(after time.Duration) func(*attempt) {
		return func(a *attempt) {
			time.Sleep(after)
			a.Wake()
			a.Close(policies.EndComplete)
		}
	}
	for _, c := range []struct {
		name string
		end  func(*attempt)
		want account.Result
	}{
		{"an answer", answers(200, hello+stop), account.Succeeded},
		{"an empty answer", answers(200, stop), account.Failed},
		{"silence", silence(time.Second), account.Failed},
		{"silence until the request's own end", silence(time.Minute), account.Neutral},
		{"an error", answers(503, overload), account.Failed},
		{"a rate limit", answers(429, dayQuota), account.Failed},
		{"a bad request", answers(400, refusal("no")), account.Neutral},
		{"a client that leaves", func(a *attempt) { a.Close(policies.EndCancelled) }, account.Neutral},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(cfg *Config) {
					cfg.Policies = map[string]route.Settings{"default": {Deadline: 10 * time.Second}}
				})
				a := sending(t, r.begin(1, ""))
				to := &outcomes{Lease: a.lease}
				a.lease = to
				c.end(a)
				if to.got.Result != c.want {
					t.Errorf("result %d, want %d", to.got.Result, c.want)
				}
			})
		})
	}
}
