package exchange

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/route"
)

const (
	noCapacity = `{"error":{"code":429,"message":"No capacity available for model","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"MODEL_CAPACITY_EXHAUSTED"}]}}`
	noModel    = `{"error":{"code":404,"message":"models/x is not found.","status":"NOT_FOUND"}}`
	perDay     = `{"error":{"code":429,"message":"Quota exceeded.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel"}]}]}}`
	askTop     = `{"model":"top","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"hi"}]}`
)

// chained is a rig in which "top" is a chain, with one account per backend.
func chained(t *testing.T, chain route.Chain, change func(*Config)) rig {
	t.Helper()
	return newRig(t, func(c *Config) {
		c.Accounts = []account.Account{c.Accounts[0], c.Accounts[2]}
		c.Models.Aliases = map[string]route.Chain{"top": chain}
		if change != nil {
			change(c)
		}
	})
}

// Each step is one attempt: where it must go, what upstream answers, and what
// is decided.
func TestChain(t *testing.T) {
	type step struct {
		at      string // backend/model
		status  int
		reply   string
		verdict policies.Verdict
	}
	list := route.Chain{{Model: "pro"}, {Model: "flash", Backend: "b"}, {Model: "lite"}}
	for _, c := range []struct {
		name   string
		chain  route.Chain
		change func(*Config)
		steps  []step
		warned []string
	}{
		{"no capacity: the next backend, then the next model", list, nil, []step{
			{"a/pro", 429, noCapacity, policies.Failover},
			{"b/pro", 429, noCapacity, policies.Failover},
			{"b/flash", 200, hello + stop, policies.Pass},
		}, []string{"left pro at a (capacity_exhausted)", "left pro at b (capacity_exhausted)"}},
		{"unknown model", route.Chain{{Model: "pro", Backend: "a"}, {Model: "lite", Backend: "a"}}, nil, []step{
			{"a/pro", 404, noModel, policies.Failover},
			{"a/lite", 200, hello + stop, policies.Pass},
		}, []string{"left pro at a (model_not_found)"}},
		{"quota of the model used up: the same account serves another", route.Chain{{Model: "pro", Backend: "a"}, {Model: "lite", Backend: "a"}}, nil, []step{
			{"a/pro", 429, perDay, policies.Failover},
			{"a/lite", 200, hello + stop, policies.Pass},
		}, []string{"left pro at a (quota_exhausted)"}},
		{"a refused credential is not the model's fault", route.Chain{{Model: "pro", Backend: "a"}, {Model: "lite", Backend: "a"}}, nil, []step{
			{"a/pro", 403, forbidden, policies.Fail},
		}, nil},
		{"a refused credential leaves the backend with all its models", route.Chain{{Model: "pro", Backend: "a"}, {Model: "lite"}}, nil, []step{
			{"a/pro", 403, forbidden, policies.Failover},
			{"b/lite", 200, hello + stop, policies.Pass},
		}, []string{"left pro at a (account_forbidden)"}},
		{"it ends, and does not begin again", route.Chain{{Model: "pro", Backend: "a"}, {Model: "lite", Backend: "a"}}, nil, []step{
			{"a/pro", 404, noModel, policies.Failover},
			{"a/lite", 404, noModel, policies.Fail},
		}, []string{"left pro at a (model_not_found)"}},
		{"what the chain does not help is retried where it was", route.Chain{{Model: "pro", Backend: "a"}, {Model: "lite"}}, nil, []step{
			{"a/pro", 503, overload, policies.Retry},
			{"a/pro", 200, hello + stop, policies.Pass},
		}, nil},
		{"the last attempt goes elsewhere if a second one did not help", route.Chain{{Model: "pro"}}, nil, []step{
			{"a/pro", 503, overload, policies.Retry},
			{"a/pro", 503, overload, policies.Failover},
			{"b/pro", 200, hello + stop, policies.Pass},
		}, []string{"left pro at a (upstream_overloaded)"}},
		{"each attempt has a place of its own", route.Chain{{Model: "pro"}, {Model: "lite"}}, nil, []step{
			{"a/pro", 503, overload, policies.Failover},
			{"b/pro", 503, overload, policies.Failover},
			{"b/lite", 200, hello + stop, policies.Pass},
		}, []string{"left pro at a (upstream_overloaded)", "left pro at b (upstream_overloaded)"}},
		{"with an attempt to spare, the same place is tried again", route.Chain{{Model: "pro"}, {Model: "lite"}}, func(c *Config) {
			c.Policies = map[string]route.Settings{route.DefaultPolicy: {Attempts: 4}}
		}, []step{
			{"a/pro", 503, overload, policies.Retry},
			{"a/pro", 503, overload, policies.Failover},
			{"b/pro", 503, overload, policies.Failover},
			{"b/lite", 200, hello + stop, policies.Pass},
		}, []string{"left pro at a (upstream_overloaded)", "left pro at b (upstream_overloaded)"}},
		{"a short delay is waited for once", route.Chain{{Model: "pro", Backend: "a"}, {Model: "lite", Backend: "a"}}, nil, []step{
			{"a/pro", 429, minute, policies.Retry},
			{"a/pro", 429, minute, policies.Failover},
			{"a/lite", 200, hello + stop, policies.Pass},
		}, []string{"left pro at a (rate_limited)"}},
		{"a short delay is waited for once, and not at each backend", route.Chain{{Model: "pro"}, {Model: "lite"}}, nil, []step{
			{"a/pro", 429, minute, policies.Failover},
			{"b/pro", 429, minute, policies.Failover},
			{"a/lite", 200, hello + stop, policies.Pass},
		}, []string{"left pro at a (rate_limited)", "left pro at b (rate_limited)"}},
		{"attempts bound a longer chain", route.Chain{{Model: "m1", Backend: "a"}, {Model: "m2", Backend: "a"}, {Model: "m3", Backend: "a"}, {Model: "m4", Backend: "a"}}, nil, []step{
			{"a/m1", 404, noModel, policies.Failover},
			{"a/m2", 404, noModel, policies.Failover},
			{"a/m3", 404, noModel, policies.Fail},
		}, []string{"left m1 at a", "left m2 at a"}},
		{"strict_model: other backends, but no other model", list,
			func(c *Config) { c.Policies = map[string]route.Settings{"default": {StrictModel: true}} }, []step{
				{"a/pro", 404, noModel, policies.Failover},
				{"b/pro", 404, noModel, policies.Fail},
			}, []string{"left pro at a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := chained(t, c.chain, c.change)
			memory := ""
			for n, s := range c.steps {
				a := r.begin(n+1, memory)
				f := send(t, a, askTop)
				if got := a.backend.Name + "/" + a.model; got != s.at || f.Cluster != a.backend.Name || !strings.Contains(f.Path, "/models/"+a.model+":") {
					t.Fatalf("attempt %d asks %s (%s), want %s", n+1, got, f.Path, s.at)
				}
				act := answerWith(a, s.status, s.reply)
				if a.record.verdict != s.verdict {
					t.Fatalf("attempt %d: %v %s, want %v", n+1, a.record.verdict, a.record.reason, s.verdict)
				}
				var headers policies.Headers
				if act.Reply != nil {
					memory, headers = act.Reply.Memory, act.Reply.Headers
				} else {
					headers = act.Head.Set
				}
				if n < len(c.steps)-1 {
					continue
				}
				if got := headers.Get("x-heald-model"); got != a.model {
					t.Errorf("x-heald-model %q, want %q", got, a.model)
				}
				warning := headers.Get("x-heald-warning")
				if c.warned == nil && strings.Contains(warning, "failover") {
					t.Errorf("warned of %q though nothing was left", warning)
				}
				for _, w := range c.warned {
					if !strings.Contains(warning, "failover: ") || !strings.Contains(warning, w) {
						t.Errorf("x-heald-warning %q lacks %q", warning, w)
					}
				}
			}
		})
	}
}

// What a request has learned spares the next one the detour, until the
// cooldown ends.
func TestChainPassesOverWhatCoolsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, counted := chained(t, route.Chain{{Model: "pro", Backend: "a"}, {Model: "lite", Backend: "a"}}, nil).counting(t)
		first := r.begin(1, "")
		send(t, first, askTop)
		answerWith(first, 429, perDay)
		next := r.begin(1, "")
		send(t, next, askTop)
		if next.model != "lite" {
			t.Errorf("asked for %s while pro's quota is used up", next.model)
		}
		if w := next.warning(); !strings.Contains(w, "passed over pro at a (cooling down)") {
			t.Errorf("warning %q", w)
		}
		if got := counted("heald_failovers_total", "model"); got != 1 {
			t.Errorf("%v failovers counted", got)
		}
		time.Sleep(time.Minute)
		later := r.begin(1, "")
		send(t, later, askTop)
		if later.model != "pro" || later.warning() != "" {
			t.Errorf("after the cooldown: asked for %s, warning %q", later.model, later.warning())
		}
	})
}

// A cooldown that a request can wait for does not change the model.
func TestChainWaitsOutShortCooldowns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := chained(t, route.Chain{{Model: "pro", Backend: "a"}, {Model: "lite", Backend: "a"}}, nil)
		first := r.retry(t, 1, "", askTop, 429, minute, policies.Retry)
		again := r.begin(2, first.Memory)
		send(t, again, askTop)
		if again.model != "pro" {
			t.Errorf("asked for %s after a wait of 1.5 s", again.model)
		}
	})
}

// Every hop of a failover is counted, by what was left.
func TestFailoversAreCounted(t *testing.T) {
	r, counted := chained(t, route.Chain{{Model: "pro"}, {Model: "lite", Backend: "b"}}, nil).counting(t)
	first := r.retry(t, 1, "", askTop, 404, noModel, policies.Failover)
	second := r.retry(t, 2, first.Memory, askTop, 404, noModel, policies.Failover)
	send(t, r.begin(3, second.Memory), askTop)
	if b, m := counted("heald_failovers_total", "backend"), counted("heald_failovers_total", "model"); b != 1 || m != 1 {
		t.Errorf("backends left %v, models left %v; want one each", b, m)
	}
}

// A chain's backend that the route does not have is no candidate.
func TestChainWithoutBackend(t *testing.T) {
	r := chained(t, route.Chain{{Model: "pro", Backend: "b"}}, nil)
	a := r.begin(1, "")
	a.in.Settings = policies.Headers{{Name: policies.HeaderBackends, Value: "a=ai_studio,http://127.0.0.1:1"}}
	if reply := a.RequestHeaders(); reply != nil {
		t.Fatalf("refused: %s", reply.Body)
	}
	if _, reply := a.RequestBody(context.Background(), []byte(askTop)); reply == nil || reply.Reason != "no_backend" {
		t.Errorf("got %+v, want a refusal", reply)
	}
}
