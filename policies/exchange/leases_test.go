package exchange

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// keysOfProjects are n keys each of two projects, at backend a.
func keysOfProjects(n int) func(*Config) {
	return func(c *Config) {
		c.Backends, c.Accounts = c.Backends[:1], nil
		for _, project := range []string{"p", "q"} {
			for i := range n {
				c.Accounts = append(c.Accounts, account.Account{ID: fmt.Sprint(project, i), Backend: "a", Project: project, Secret: account.NewSecret("key")})
			}
		}
	}
}

// Ten keys of one project are one quota: after a 429 of one no other of them is
// asked, and a retry goes to the other project at once.
func TestKeysOfOneProjectAreOneQuota(t *testing.T) {
	const perDay = `{"error":{"code":429,"message":"Quota exceeded.","status":"RESOURCE_EXHAUSTED","details":[
		{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier","quotaValue":"50"}]}]}}`
	for name, body := range map[string]string{"per minute": minute, "per day": perDay} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, keysOfProjects(10))
				memory := r.retry(t, 1, "", ask, 429, body, policies.Retry).Memory
				second := r.begin(2, memory)
				send(t, second, ask)
				if second.account.ID != "q0" || second.record.waited > 0 {
					t.Fatalf("asks %s after %v, want the other project at once", second.account.ID, second.record.waited)
				}
				if reply := answerWith(second, 429, body).Reply; name == "per day" && reply.Verdict != policies.Fail {
					t.Errorf("%s, though both projects' quota is used up", reply.Verdict)
				}
				third := r.begin(1, "")
				before := time.Now()
				switch name {
				case "per minute": // 1.5 s, as stated
					send(t, third, saying("other"))
					if waited := time.Since(before); waited != 1500*time.Millisecond {
						t.Errorf("waits %v", waited)
					}
					third.Close(policies.EndCancelled)
				case "per day":
					if reply := r.refused(t, third, saying("other")); reply.Status != 429 || reply.Reason != heal.ReasonAccountsLimited {
						t.Errorf("%d %s", reply.Status, reply.Reason)
					}
				}
			})
		})
	}
}

// A refusal may name another model than the one that was asked: its limit is kept
// for that one.
func TestLimitOfAnotherModel(t *testing.T) {
	const body = `{"error":{"code":429,"message":"Quota exceeded.","status":"RESOURCE_EXHAUSTED","details":[
		{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel","quotaValue":"0","quotaDimensions":{"location":"global","model":"gemini-3.6-flash"}}]}]}}`
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.Backends, c.Accounts = c.Backends[:1], c.Accounts[:1] })
		other := strings.Replace(ask, "3.5", "3.6", 1)
		answerWith(sendingBody(t, r.begin(1, ""), other), 200, hello+stop)
		answerWith(sendingBody(t, r.begin(1, ""), ask), 429, body)
		time.Sleep(25 * time.Hour) // what cools down is over; no time brings a model without quota
		answerWith(sendingBody(t, r.begin(1, ""), ask), 200, hello+stop)
		if reply := r.refused(t, r.begin(1, ""), other); reply.Status != 429 {
			t.Errorf("%d %s", reply.Status, reply.Reason)
		}
	})
}

// sendingBody is an attempt of a request with this body that the provider has.
func sendingBody(t *testing.T, a *attempt, body string) *attempt {
	t.Helper()
	send(t, a, body)
	return a
}

// A key that is refused is not asked again by every request. One finds out after
// a minute, and if it is good, all are answered.
func TestBadKeyIsProbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.Backends, c.Accounts = c.Backends[:1], c.Accounts[:1] })
		r.retry(t, 1, "", ask, 401, "{}", policies.Fail)
		if reply := r.refused(t, r.begin(1, ""), saying("2")); reply.Status != 500 || reply.Reason != heal.ReasonAccountsRefused || reply.Headers.Get("x-should-retry") != "false" {
			t.Errorf("%d %s %v", reply.Status, reply.Reason, reply.Headers)
		}
		time.Sleep(time.Minute)
		probe := r.begin(1, "")
		send(t, probe, saying("3"))
		r.refused(t, r.begin(1, ""), saying("4"))
		answerWith(probe, 200, hello+stop)
		send(t, r.begin(1, ""), saying("5"))
	})
}

// A request waits for a slot of its account, and gets it when the attempt ends
// that has it.
func TestSlotIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) {
			c.Backends, c.Accounts = c.Backends[:1], c.Accounts[:1]
			c.Accounts[0].Slots = 1
		})
		first := r.begin(1, "")
		send(t, first, ask)
		time.AfterFunc(2*time.Second, func() { answerWith(first, 200, hello+stop) })
		before := time.Now()
		second := r.begin(1, "")
		send(t, second, ask)
		if waited := time.Since(before); waited != 2*time.Second || second.record.waited != waited {
			t.Errorf("waits %v, logged as %v", waited, second.record.waited)
		}
		third := r.begin(1, "", policies.HeaderSet, "queue_wait=3s")
		if reply := r.refused(t, third, ask); reply.Status != 429 || reply.Reason != heal.ReasonAccountsBusy || reply.Headers.Get("retry-after") == "" {
			t.Errorf("%d %s %v", reply.Status, reply.Reason, reply.Headers)
		}
		second.Close(policies.EndCancelled)
	})
}

// However attempts end, nothing is left in use.
func TestEveryLeaseEnds(t *testing.T) {
	eachSeed(t, 300, 12, func(t *testing.T, rnd *rand.Rand) {
		r := newRig(t, func(c *Config) {
			for i := range c.Accounts {
				c.Accounts[i].Slots, c.Accounts[i].Rates.Tokens = 2, 1_000_000 // prompts are corrected
			}
		})
		ctx, cancel := context.WithCancel(context.Background())
		for range 20 {
			a := r.begin(1, "")
			if a.RequestHeaders() != nil {
				t.Fatal("refused")
			}
			a.settings.QueueWait = time.Millisecond
			body := []string{ask, askWhole, `{"model":"gemini-3.5-flash","messages":[]}`, `{`}[rnd.IntN(4)]
			_, reply := a.RequestBody(ctx, []byte(body))
			end := []policies.End{policies.EndComplete, policies.EndCancelled, policies.EndPanic, policies.EndTooLarge}[rnd.IntN(4)]
			switch {
			case reply != nil || rnd.IntN(3) == 0:
				a.Close(end)
			case rnd.IntN(2) == 0:
				a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream, Headers: policies.Headers{{Name: "content-type", Value: "text/event-stream"}}})
				a.ResponseBody([]byte([]string{hello, heartbeat, hello + stop}[rnd.IntN(3)]), rnd.IntN(2) == 0)
				a.Close(end)
			default:
				kind := passingFailures[rnd.IntN(len(passingFailures))]
				answerWith(a, kind.status, kind.body)
			}
			time.Sleep(time.Duration(rnd.IntN(20)) * time.Second)
		}
		cancel()
		for _, a := range r.accounts.Status(time.Now()).Accounts {
			if a.InUse != 0 {
				t.Errorf("%s has %d attempts in use at rest", a.ID, a.InUse)
			}
		}
	})
}

// Backends of one priority share the load; lower ones come first.
func TestBackendPriority(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Backends = []route.Backend{
			{Name: "a", Kind: route.AIStudio, Priority: 2}, {Name: "b", Kind: route.Vertex, Project: "p", Location: "l", Priority: 1},
		}
	})
	a := r.begin(1, "")
	send(t, a, ask)
	if a.backend.Name != "b" {
		t.Errorf("asks %s first", a.backend.Name)
	}
	r = newRig(t, func(c *Config) {
		for i := range c.Backends {
			c.Backends[i].Priority = 1
		}
		for i := range c.Accounts {
			c.Accounts[i].Slots = 4
		}
	})
	seen := map[string]int{}
	for range 6 {
		a := r.begin(1, "")
		send(t, a, ask)
		seen[a.account.ID]++
		defer a.Close(policies.EndCancelled)
	}
	for id, n := range seen {
		if n != 2 {
			t.Errorf("%s has %d attempts of 6, though all have room: %v", id, n, seen)
		}
	}
}
