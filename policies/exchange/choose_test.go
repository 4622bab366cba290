package exchange

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// cooled is something that is kept back while an attempt chooses.
type cooled struct {
	id, model string
	d         time.Duration
}

// choosing is attempt n of a request for "top", which stands for the chain pro,
// lite, after these tries.
func (r rig) choosing(t *testing.T, n int, tries []heal.Try, cool ...cooled) *attempt {
	t.Helper()
	a, reply := r.choosingAny(t, n, tries, cool...)
	if reply != nil {
		t.Fatalf("refused: %s", reply.Body)
	}
	return a
}

// refusing is choosing where nobody can be asked.
func (r rig) refusing(t *testing.T, n int, tries []heal.Try, cool ...cooled) *policies.Reply {
	t.Helper()
	a, reply := r.choosingAny(t, n, tries, cool...)
	if reply == nil {
		t.Fatalf("goes to %s, though nobody can be asked", a.account.ID)
	}
	return reply
}

func (r rig) choosingAny(t *testing.T, n int, tries []heal.Try, cool ...cooled) (*attempt, *policies.Reply) {
	t.Helper()
	for _, c := range cool {
		r.cool(c.id, c.model, heal.ReasonRateLimit, c.d)
	}
	a := r.begin(n, "", policies.HeaderUnreached, strconv.Itoa(n-1)) // that have no memory
	if reply := a.RequestHeaders(); reply != nil {
		t.Fatalf("refused: %s", reply.Body)
	}
	a.memory.Tries = tries
	_, reply := a.RequestBody(context.Background(), []byte(askTop))
	return a, reply
}

func names[T fmt.Stringer](list []T) []string {
	var out []string
	for _, c := range list {
		out = append(out, c.String())
	}
	return out
}

// The rules of ARCHITECTURE, "Where an attempt goes".
func TestChoose(t *testing.T) {
	const long = time.Hour
	list := route.Chain{{Model: "pro"}, {Model: "lite"}}
	left := func(backend, model string, ofModel bool) heal.Try {
		return heal.Try{Backend: backend, Model: model, Verdict: policies.Failover, OfModel: ofModel}
	}
	spent := func(account, model string, ofModel bool) heal.Try {
		return heal.Try{Backend: "a", Account: account, Model: model, Verdict: policies.Retry, Rotate: true, OfModel: ofModel, Failure: heal.Spent}
	}
	gone := func(backend, account string) heal.Try {
		return heal.Try{Backend: backend, Account: account, Model: "pro", Verdict: policies.Failover, OfModel: true, Failure: heal.Spent}
	}
	passing := func(account string) heal.Try {
		return heal.Try{Backend: "a", Account: account, Model: "pro", Verdict: policies.Retry, Rotate: true, Failure: heal.Passing}
	}
	for _, c := range []struct {
		name  string
		chain route.Chain
		tries []heal.Try
		cool  []cooled
		want  string // backend/model/account; "" if nobody is asked
	}{
		{"the first", list, nil, nil, "a/pro/a-1"},
		{"left with this model", list, []heal.Try{left("a", "pro", true)}, nil, "b/pro/b-1"},
		{"left with all models", list, []heal.Try{left("a", "pro", false), left("b", "pro", true)}, nil, "b/lite/b-1"},
		{"left with another model", list, []heal.Try{left("a", "lite", true)}, nil, "a/pro/a-1"},
		{"left as another one", list, []heal.Try{left("c", "pro", false)}, nil, "a/pro/a-1"},
		{"all others cool down: back to where it was left in passing", list, []heal.Try{left("a", "pro", true)},
			[]cooled{{":b", "", long}, {":a", "lite", long}}, "a/pro/a-1"},
		{"all others cool down, and it was left as spent: to another account there", list, []heal.Try{gone("a", "a-1")},
			[]cooled{{":b", "", long}, {":a", "lite", long}}, "a/pro/a-2"},
		{"all others cool down, and it was left as all spent: nobody is asked", list, []heal.Try{gone("a", "a-1"), gone("a", "a-2")},
			[]cooled{{":b", "", long}, {":a", "lite", long}}, ""},
		{"everything was left: from the beginning", route.Chain{{Model: "pro", Backend: "a"}}, []heal.Try{left("a", "pro", true)}, nil, "a/pro/a-1"},
		{"the backend cools down for the model", list, nil, []cooled{{":a", "pro", time.Second}}, "b/pro/b-1"},
		{"the backend cools down for another model", list, nil, []cooled{{":a", "lite", long}}, "a/pro/a-1"},
		{"the accounts cool down for a while, another backend is ready", list, nil, []cooled{{"a-1", "pro", 3 * time.Second}, {"a-2", "pro", long}}, "b/pro/b-1"},
		{"all cool down for a while: the first to recover", route.Chain{{Model: "pro"}}, nil, []cooled{{"a-1", "pro", 5 * time.Second}, {"a-2", "pro", long}, {"b-1", "pro", 3 * time.Second}}, "b/pro/b-1"},
		{"all cool down for as long as may be waited: another model is ready", list, nil, []cooled{{"a-1", "pro", 10 * time.Second}, {"a-2", "pro", long}, {"b-1", "pro", long}}, "a/lite/a-1"},
		{"all of both models cool down for as long as may be waited: the first model", list, nil, []cooled{{"a-1", "", 10 * time.Second}, {"a-2", "", long}, {"b-1", "", 5 * time.Second}}, "b/pro/b-1"},
		{"the model that the request has begun with is waited for", list, []heal.Try{{Backend: "b", Account: "b-1", Model: "pro", Verdict: policies.Retry}},
			[]cooled{{"a-1", "pro", 10 * time.Second}, {"a-2", "pro", long}, {"b-1", "pro", 5 * time.Second}}, "b/pro/b-1"},
		{"another model than the request has begun with is not waited for", list, []heal.Try{{Backend: "b", Account: "b-1", Model: "lite", Verdict: policies.Retry}},
			[]cooled{{"a-1", "pro", 10 * time.Second}, {"a-2", "pro", long}, {"b-1", "pro", 5 * time.Second}}, "a/lite/a-1"},
		{"all cool down for longer: another model", list, nil, []cooled{{"a-1", "pro", 10*time.Second + 1}, {"a-2", "pro", long}, {"b-1", "pro", long}}, "a/lite/a-1"},
		{"the accounts cool down for longer", list, nil, []cooled{{"a-1", "pro", 10*time.Second + 1}, {"a-2", "pro", long}}, "b/pro/b-1"},
		{"one account failed in passing, the other is spent", list, []heal.Try{passing("a-1"), spent("a-2", "pro", true)}, nil, "a/pro/a-1"},
		{"one account is spent, the other failed in passing", list, []heal.Try{spent("a-1", "pro", true), passing("a-2")}, nil, "a/pro/a-2"},
		{"one backend failed in passing, the other is spent", route.Chain{{Model: "pro"}}, []heal.Try{left("a", "pro", false), gone("b", "b-1")}, nil, "a/pro/a-1"},
		{"one backend failed in passing, the other is spent, another model is untried", list, []heal.Try{left("a", "pro", true), gone("b", "b-1")}, nil, "a/lite/a-1"},
		{"all is spent: nobody is asked", route.Chain{{Model: "pro"}}, []heal.Try{gone("a", "a-1"), gone("a", "a-2"), gone("b", "b-1")}, nil, ""},
		{"the prompt is too long for the model", list, []heal.Try{{Backend: "a", Account: "a-1", Model: "pro", Verdict: policies.Failover, OfModel: true, Failure: heal.Overflow}}, nil, "a/lite/a-1"},
		{"an account was spent", list, []heal.Try{spent("a-1", "pro", false)}, nil, "a/pro/a-2"},
		{"an account was spent for another model", list, []heal.Try{spent("a-1", "lite", true)}, nil, "a/pro/a-1"},
		{"an account was spent for all models", list, []heal.Try{spent("a-1", "lite", false)}, nil, "a/pro/a-2"},
		{"an account failed, but may be asked again", list, []heal.Try{{Backend: "a", Account: "a-1", Model: "pro", Verdict: policies.Retry}}, nil, "a/pro/a-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(cfg *Config) {
					cfg.Models.Aliases = map[string]route.Chain{"top": c.chain}
					cfg.Models.Known = map[string]route.KnownModel{"pro": {Context: 1000}, "lite": {Context: 2000}}
					cfg.Policies = map[string]route.Settings{route.DefaultPolicy: {Attempts: 5}} // none is the last
				})
				if c.want == "" {
					r.refusing(t, 1+len(c.tries), c.tries, c.cool...)
					return
				}
				a := r.choosing(t, 1+len(c.tries), c.tries, c.cool...)
				if got := a.backend.Name + "/" + a.model + "/" + a.account.ID; got != c.want {
					t.Errorf("goes to %s, want %s", got, c.want)
				}
			})
		})
	}
}

// A candidate that two entries of a chain stand for is one.
func TestCandidatesAreNotRepeated(t *testing.T) {
	a := chained(t, route.Chain{{Model: "pro", Backend: "b"}, {Model: "pro"}, {Model: "lite", Backend: "b"}}, nil).choosing(t, 1, nil)
	if got, want := names(a.candidates), []string{"b/pro", "a/pro", "b/lite"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// What the verdict is told of what else there is.
func TestElsewhere(t *testing.T) {
	try := func(backend string) heal.Try {
		return heal.Try{Backend: backend, Model: "pro", Verdict: policies.Retry, Failure: heal.Passing}
	}
	gone := func(backend string) heal.Try {
		return heal.Try{Backend: backend, Account: backend + "-1", Model: "pro", Verdict: policies.Failover, Failure: heal.Spent}
	}
	left := func(backend, model string) heal.Try {
		return heal.Try{Backend: backend, Model: model, Verdict: policies.Failover, OfModel: true}
	}
	both := route.Chain{{Model: "pro"}, {Model: "lite"}}
	for _, c := range []struct {
		name     string
		chain    route.Chain
		number   int
		attempts int
		tries    []heal.Try
		cool     []cooled
		want     heal.Seen
	}{
		{"nothing", route.Chain{{Model: "pro", Backend: "a"}}, 1, 3, nil, nil, heal.Seen{}},
		{"another backend and another model", both, 1, 3, nil, nil,
			heal.Seen{OtherBackend: true, ReadyBackend: true, OtherModel: true, ReadyModel: true, LargerModel: true, BackendAgain: true, NoneToSpare: true}},
		{"another backend and another model, and three attempts are left", both, 1, 4, nil, nil,
			heal.Seen{OtherBackend: true, ReadyBackend: true, OtherModel: true, ReadyModel: true, LargerModel: true, BackendAgain: true}},
		{"another backend, before the last attempt", route.Chain{{Model: "pro"}}, 1, 2, nil, nil,
			heal.Seen{OtherBackend: true, ReadyBackend: true, BackendAgain: true, Last: true, NoneToSpare: true}},
		{"the model was over its rate limit elsewhere", route.Chain{{Model: "pro", Backend: "a"}}, 2, 4, []heal.Try{{Backend: "b", Model: "pro", Verdict: policies.Failover, OfModel: true, Reason: heal.ReasonRateLimit}}, nil,
			heal.Seen{Limited: true}},
		{"another model was over its rate limit", route.Chain{{Model: "pro", Backend: "a"}}, 2, 4, []heal.Try{{Backend: "a", Model: "lite", Verdict: policies.Failover, OfModel: true, Reason: heal.ReasonRateLimit}}, nil,
			heal.Seen{}},
		{"another model at another backend is ready, but not for this one", route.Chain{{Model: "pro", Backend: "a"}, {Model: "lite", Backend: "b"}}, 1, 3, nil, nil,
			heal.Seen{OtherBackend: true, ReadyModel: true, LargerModel: true}},
		{"another model, with a smaller window", route.Chain{{Model: "pro", Backend: "a"}, {Model: "small", Backend: "a"}}, 1, 3, nil, nil, heal.Seen{OtherModel: true, ReadyModel: true}},
		{"another model, which is not ready", route.Chain{{Model: "pro", Backend: "a"}, {Model: "small", Backend: "a"}}, 1, 3, nil, []cooled{{"a-1", "small", time.Second}}, heal.Seen{OtherModel: true}},
		{"another backend, whose account is ready soon", route.Chain{{Model: "pro"}}, 1, 3, nil, []cooled{{"b-1", "pro", time.Second}},
			heal.Seen{OtherBackend: true, BackendAgain: true, BackendIn: time.Second}},
		{"another backend, whose account is not ready", route.Chain{{Model: "pro"}}, 1, 3, nil, []cooled{{"b-1", "pro", time.Minute}}, heal.Seen{OtherBackend: true}},
		{"another backend, which is not ready", route.Chain{{Model: "pro"}}, 1, 3, nil, []cooled{{":b", "pro", time.Second}}, heal.Seen{OtherBackend: true, BackendAgain: true, BackendIn: time.Second}},
		{"another backend, which was left in passing", route.Chain{{Model: "pro"}}, 2, 3, []heal.Try{left("b", "pro")}, nil, heal.Seen{BackendAgain: true, Last: true}},
		{"another backend, which is spent", route.Chain{{Model: "pro"}}, 2, 3, []heal.Try{gone("b")}, nil, heal.Seen{Last: true}},
		{"another model, which was left", route.Chain{{Model: "pro", Backend: "a"}, {Model: "lite", Backend: "a"}}, 2, 4, []heal.Try{left("a", "lite")}, nil, heal.Seen{}},
		{"the second try here, before the last", route.Chain{{Model: "pro", Backend: "a"}}, 2, 3, []heal.Try{try("a")}, nil, heal.Seen{Failed: true, Last: true}},
		{"the second try here, and two are left", route.Chain{{Model: "pro", Backend: "a"}}, 2, 4, []heal.Try{try("a")}, nil, heal.Seen{Failed: true}},
		{"the last try", route.Chain{{Model: "pro", Backend: "a"}}, 2, 2, []heal.Try{try("a")}, nil, heal.Seen{Failed: true}},
		{"the first try here, before the last", route.Chain{{Model: "pro", Backend: "a"}}, 2, 3, []heal.Try{try("b")}, nil, heal.Seen{Last: true}},
		{"a repair is no failure", route.Chain{{Model: "pro", Backend: "a"}}, 2, 4, []heal.Try{{Backend: "a", Model: "pro", Verdict: policies.Repair}}, nil, heal.Seen{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := chained(t, c.chain, func(cfg *Config) {
					cfg.Policies = map[string]route.Settings{"default": {Attempts: c.attempts}}
					cfg.Models.Known = map[string]route.KnownModel{"pro": {Context: 1000}, "lite": {Context: 2000}, "small": {Context: 1000}}
				})
				a := r.choosing(t, c.number, c.tries, c.cool...)
				if a.backend.Name != "a" || a.model != "pro" {
					t.Fatalf("goes to %s/%s", a.backend.Name, a.model)
				}
				var got heal.Seen
				a.findAlternatives(&got)
				if !reflect.DeepEqual(got, c.want) {
					t.Errorf("got  %+v\nwant %+v", got, c.want)
				}
			})
		})
	}
}

// Passed over is what others have failed at; what this request has left itself
// is told and counted as that.
func TestPassedOver(t *testing.T) {
	for _, c := range []struct {
		name    string
		tries   []heal.Try
		cool    []cooled
		want    []string
		counted float64
	}{
		{"nothing", nil, nil, nil, 0},
		{"a backend that cools down", nil, []cooled{{":a", "pro", time.Hour}}, []string{"a/pro"}, 1},
		{"a backend that was left", []heal.Try{{Backend: "a", Model: "pro", Verdict: policies.Failover, OfModel: true}}, nil, nil, 1},
		{"a backend that began to cool down after a first try", []heal.Try{{Backend: "a", Model: "pro", Verdict: policies.Retry}},
			[]cooled{{":a", "pro", time.Hour}}, nil, 1},
		{"a backend that began to cool down, after a first try elsewhere", []heal.Try{{Backend: "b", Model: "pro", Verdict: policies.Retry}},
			[]cooled{{":a", "pro", time.Hour}}, []string{"a/pro"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, counted := chained(t, route.Chain{{Model: "pro"}}, nil).counting(t)
			a := r.choosing(t, 1+len(c.tries), c.tries, c.cool...)
			if got := names(a.passedOver()); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if got := counted("heald_failovers_total", "backend"); got != c.counted {
				t.Errorf("%v failovers counted, want %v", got, c.counted)
			}
		})
	}
}

// A place that the request has asked itself was left after its own failure there,
// though nobody told it to leave: another replica may hold the backend back.
func TestLeftWithoutBeingTold(t *testing.T) {
	for _, c := range []struct {
		name  string
		tries []heal.Try
		held  string
		want  string
	}{
		{"for another backend", []heal.Try{{Backend: "a", Model: "pro", Verdict: policies.Retry, Reason: heal.ReasonOverloaded}}, "a",
			"failover: left pro at a (upstream_overloaded)"},
		{"back to the first backend", []heal.Try{{Backend: "b", Model: "pro", Verdict: policies.Retry, Reason: heal.ReasonOverloaded}}, "b",
			"failover: left pro at b (upstream_overloaded)"},
		{"for none", []heal.Try{{Backend: "a", Model: "pro", Verdict: policies.Retry, Reason: heal.ReasonOverloaded}}, "b", ""},
		{"never asked", []heal.Try{{Backend: "b", Model: "pro", Verdict: policies.Retry, Reason: heal.ReasonOverloaded}}, "a",
			"failover: passed over pro at a (failed of late)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := chained(t, route.Chain{{Model: "pro"}}, nil)
			r.fail(c.held, "pro", false)
			if a := r.choosing(t, 2, c.tries); a.warning() != c.want {
				t.Errorf("at %s: %q, want %q", a.backend.Name, a.warning(), c.want)
			}
		})
	}
}
