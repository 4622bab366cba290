package exchange

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/route"
)

const (
	badKey       = `{"error":{"code":400,"message":"API key expired.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}`
	noBilling    = `{"error":{"code":400,"message":"Billing is not enabled.","status":"FAILED_PRECONDITION"}}`
	longRate     = `{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"60s"}]}}`
	noReason     = `{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED"}}`
	tooLong      = `{"error":{"code":400,"message":"The input token count (1500) exceeds the maximum number of tokens allowed (1000).","status":"INVALID_ARGUMENT"}}`
	noParts      = "data: {\"candidates\": [{\"finishReason\": \"STOP\"}]}\r\n\r\n"
	failedInside = "data: {\"error\":{\"code\":500,\"status\":\"INTERNAL\"}}\r\n\r\n"
)

type answered struct {
	name   string
	status int
	body   string
}

var passingFailures = []answered{
	{"nothing", 200, ""}, {"no parts", 200, noParts}, {"500", 500, ""}, {"503", 503, overload}, {"error under 200", 200, failedInside}, {"rate limit", 429, minute},
}

var spentFailures = []answered{
	{"quota of the day", 429, perDay}, {"key", 400, badKey}, {"401", 401, ""}, {"402", 402, ""}, {"403", 403, forbidden},
	{"unknown model", 404, noModel}, {"billing", 400, noBilling}, {"too long a delay", 429, longRate},
}

// A retry that lands on a spent account is not final: the attempt that is left
// goes back to the account, or the backend, that failed only in passing.
func TestSpentIsNotFinal(t *testing.T) {
	for _, first := range passingFailures {
		for _, second := range spentFailures {
			t.Run(first.name+"/"+second.name+"/backend", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := chained(t, route.Chain{{Model: "gemini-3.5-flash"}}, nil)
					goesBack(t, r, 4, first, second, "b-1", "a-1")
				})
			})
			if first.status == 503 {
				continue // which asks for no other account
			}
			t.Run(first.name+"/"+second.name+"/account", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, func(cfg *Config) { cfg.Backends, cfg.Accounts = cfg.Backends[:1], cfg.Accounts[:2] })
					goesBack(t, r, 3, first, second, "a-2", "a-1")
				})
			})
		}
	}
}

// goesBack plays first until the request goes to the account between, then
// second there, and an answer at the account at last. A spent account is asked
// once.
func goesBack(t *testing.T, r rig, attempts int, first, second answered, between, last string) {
	t.Helper()
	memory, seen := "", 0
	for n := 1; n <= attempts; n++ {
		a := r.begin(n, memory, "x-heald-set", fmt.Sprint("attempts=", attempts))
		send(t, a, ask)
		plays := first
		switch {
		case a.account.ID == between:
			plays = second
			seen++
		case seen > 0:
			if act := answerWith(a, 200, hello+stop); a.account.ID != last || act.Head == nil {
				t.Errorf("attempt %d goes to %s: %+v", n, a.account.ID, act)
			}
			if seen != 1 {
				t.Errorf("the spent account was asked %d times", seen)
			}
			return
		}
		reply := answerWith(a, plays.status, plays.body).Reply
		if reply == nil || !reply.Verdict.Again() {
			t.Fatalf("attempt %d at %s ends: %+v", n, a.account.ID, reply)
		}
		memory = reply.Memory
		time.Sleep(reply.Wait)
	}
	t.Error("no attempt was left for the account that failed in passing")
}

// What was refused is not asked again, and what failed twice is not final
// because of it either.
func TestSpentIsFinalWhereNothingElseIs(t *testing.T) {
	for _, s := range spentFailures {
		r := newRig(t, func(cfg *Config) { cfg.Backends, cfg.Accounts = cfg.Backends[:1], cfg.Accounts[:1] })
		first := r.retry(t, 1, "", ask, 200, "", policies.Retry)
		r.retry(t, 2, first.Memory, ask, s.status, s.body, policies.Fail)
	}
}

// The last attempt goes to the next model where every backend of the first is
// out, whatever has failed.
func TestLastAttemptTakesTheNextModel(t *testing.T) {
	silence := answered{"silence", 0, ""}
	kinds := append([]answered{silence, {"429 without a delay", 429, noReason}}, passingFailures[:5]...)
	for _, kind := range kinds {
		for _, strict := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/strict %v", kind.name, strict), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := chained(t, route.Chain{{Model: "pro", Backend: "a"}, {Model: "lite", Backend: "a"}}, func(c *Config) {
						c.Policies = map[string]route.Settings{route.DefaultPolicy: {StrictModel: strict}}
					})
					memory := ""
					for n := 1; n <= 3; n++ {
						a := r.begin(n, memory)
						send(t, a, askTop)
						if want := n == 3 && !strict; want != (a.model == "lite") {
							t.Fatalf("attempt %d asks for %s", n, a.model)
						}
						if n == 3 {
							return
						}
						reply := r.fails(a, kind)
						if reply == nil || !reply.Verdict.Again() {
							t.Fatalf("attempt %d: %+v", n, reply)
						}
						memory = reply.Memory
						time.Sleep(reply.Wait)
					}
				})
			})
		}
	}
}

// fails plays a failure; status 0 is silence.
func (r rig) fails(a *attempt, kind answered) *policies.Reply {
	defer a.Close(policies.EndComplete)
	if kind.status == 0 {
		time.Sleep(a.settings.Peek.Timeout)
		return a.Wake().Reply
	}
	return answerWith(a, kind.status, kind.body).Reply
}

// With two backends, the second of them comes before the next model; one that
// is known to be out does not.
func TestNextModelComesAfterBackends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := chained(t, route.Chain{{Model: "pro"}, {Model: "lite"}}, nil)
		memory := ""
		for n, want := range []string{"a/pro", "b/pro", "b/lite"} {
			a := r.begin(n+1, memory)
			send(t, a, askTop)
			if got := a.chosen().String(); got != want {
				t.Fatalf("attempt %d goes to %s, want %s", n+1, got, want)
			}
			if n < 2 {
				memory = r.fails(a, answered{}).Memory
			}
		}
	})
}

// A prompt that is too long goes on to a model with a larger window, past those
// with none, and ends as it would without one.
func TestOverflowGoesOn(t *testing.T) {
	known := map[string]route.KnownModel{"pro": {Context: 1000}, "lite": {Context: 1000}, "large": {Context: 2000}, "larger": {Context: 3000}}
	for _, c := range []struct {
		name  string
		chain route.Chain
		asked []string
		set   string
	}{
		{"larger", route.Chain{{Model: "pro"}, {Model: "lite"}, {Model: "large"}, {Model: "larger"}}, []string{"a/pro", "a/large", "a/larger"}, ""},
		{"none is larger", route.Chain{{Model: "large"}, {Model: "lite"}, {Model: "pro"}}, []string{"a/large"}, ""},
		{"strict", route.Chain{{Model: "pro"}, {Model: "large"}}, []string{"a/pro"}, "strict_model=true"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := chained(t, c.chain, func(cfg *Config) { cfg.Models.Known = known })
			memory := ""
			for n, want := range c.asked {
				a := r.begin(n+1, memory, "x-heald-set", c.set)
				send(t, a, askTop)
				if got := a.chosen().String(); got != want {
					t.Fatalf("attempt %d goes to %s, want %s", n+1, got, want)
				}
				reply := answerWith(a, 400, tooLong).Reply
				last := n == len(c.asked)-1
				if reply.Verdict.Again() == last || reply.Reason != "context_overflow" || reply.Status != 400 {
					t.Errorf("attempt %d: %+v", n+1, reply)
				}
				memory = reply.Memory
			}
		})
	}
}
