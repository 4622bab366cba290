package exchange

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// asking plays one request with one attempt, in another body each time, and
// returns where it went.
func (r rig) asking(t *testing.T, n int, status int, reply string) *attempt {
	t.Helper()
	a := r.begin(1, "")
	send(t, a, strings.Replace(askTop, "hi", fmt.Sprint("hi ", n), 1))
	if status == 0 {
		time.Sleep(a.settings.Peek.Timeout)
		a.Wake()
		a.Close(policies.EndComplete)
	} else {
		answerWith(a, status, reply)
	}
	return a
}

// Each step is one request: when it comes, where it must go, and what it gets.
// 0 is silence.
func TestOutage(t *testing.T) {
	type step struct {
		after  time.Duration
		at     string
		status int
	}
	const ms = time.Millisecond
	failed := step{0, "a", 0}
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"after silence, requests begin elsewhere", []step{failed, {0, "b", 200}, {4 * time.Second, "b", 200}}},
		{"a probe that is answered ends it at once", []step{failed, {5 * time.Second, "a", 200}, {0, "a", 200}}},
		{"a probe that fails makes the time longer", []step{failed, {5 * time.Second, "a", 503}, {9 * time.Second, "b", 200}, {time.Second, "a", 503}, {19 * time.Second, "b", 200}, {time.Second, "a", 200}, {0, "a", 200}}},
		{"five minutes are the longest", []step{failed, {5 * time.Second, "a", 503}, {10 * time.Second, "a", 503}, {20 * time.Second, "a", 503}, {40 * time.Second, "a", 503}, {80 * time.Second, "a", 503}, {160 * time.Second, "a", 503},
			{300 * time.Second, "a", 503}, {300*time.Second - ms, "b", 200}, {ms, "a", 503}}},
		{"after a probe that is refused, the next request probes", []step{failed, {5 * time.Second, "a", 400}, {0, "a", 200}, {0, "a", 200}}},
		{"refused probes make no time longer", []step{failed, {5 * time.Second, "a", 400}, {0, "a", 400}, {0, "a", 503}, {9 * time.Second, "b", 200}, {time.Second, "a", 200}}},
		{"one 503 is none", []step{{0, "a", 503}, {0, "a", 200}}},
		{"503 of two requests in a row is one", []step{{0, "a", 503}, {0, "a", 503}, {0, "b", 200}}},
		{"503 of two requests with an answer between is none", []step{{0, "a", 503}, {0, "a", 200}, {0, "a", 503}, {0, "a", 200}}},
		{"a refused request is none", []step{{0, "a", 400}, {0, "a", 400}, {0, "a", 200}}},
		{"if all are held back, they are asked as if none was", []step{failed, {0, "b", 0}, {0, "a", 200}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := chained(t, route.Chain{{Model: "pro"}}, nil)
				for n, s := range c.steps {
					time.Sleep(s.after)
					reply := map[int]string{200: hello + stop, 503: overload, 400: corrupted}[s.status]
					if a := r.asking(t, n, s.status, reply); a.backend.Name != s.at {
						t.Fatalf("request %d goes to %s, want %s", n+1, a.backend.Name, s.at)
					}
				}
			})
		})
	}
}

// The request that failed itself goes elsewhere after one deadline, with the
// second of two attempts, too. What it is told and what is counted is true.
func TestSilenceLeavesABackend(t *testing.T) {
	for _, attempts := range []int{2, 3} {
		synctest.Test(t, func(t *testing.T) {
			r, counted := chained(t, route.Chain{{Model: "pro"}}, func(c *Config) {
				c.Policies = map[string]route.Settings{route.DefaultPolicy: {Attempts: attempts}}
			}).counting(t)
			a := r.begin(1, "")
			send(t, a, askTop)
			time.Sleep(a.settings.Peek.Timeout)
			first := a.Wake().Reply
			a.Close(policies.EndComplete)
			if first.Verdict != policies.Failover || first.Wait != 0 {
				t.Fatalf("silence: %+v", first)
			}
			b := r.begin(2, first.Memory)
			send(t, b, askTop)
			act := answerWith(b, 200, hello+stop)
			if w := act.Head.Set.Get("x-heald-warning"); b.backend.Name != "b" || w != "failover: left pro at a (peek_timeout)" {
				t.Errorf("goes to %s, warning %q", b.backend.Name, w)
			}
			next := r.asking(t, 1, 200, hello+stop)
			if w := next.warning(); next.backend.Name != "b" || w != "failover: passed over pro at a (failed of late)" {
				t.Errorf("the next request goes to %s, warning %q", next.backend.Name, w)
			}
			if got := counted("heald_failovers_total", "backend"); got != 1 {
				t.Errorf("%v failovers counted for one reason, want 1 each", got)
			}
		})
	}
}

// One request at a time probes; one that ends without a verdict makes room for
// another.
func TestOneProbeAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := chained(t, route.Chain{{Model: "pro"}}, nil)
		r.asking(t, 0, 0, "")
		time.Sleep(5 * time.Second)
		probe, other := r.begin(1, ""), r.begin(1, "")
		send(t, probe, askTop)
		send(t, other, askTop)
		if probe.backend.Name != "a" || other.backend.Name != "b" {
			t.Errorf("go to %s and %s", probe.backend.Name, other.backend.Name)
		}
		probe.Close(policies.EndCancelled)
		time.Sleep(5 * time.Second)
		if a := r.asking(t, 1, 200, hello+stop); a.backend.Name != "a" {
			t.Errorf("after a probe that was canceled: goes to %s", a.backend.Name)
		}
	})
}

// A client whose requests are refused, and which comes first each time, does not
// keep a backend held back that answers the others.
func TestRefusedProbesStarveNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := chained(t, route.Chain{{Model: "pro"}}, nil)
		r.asking(t, 0, 0, "")
		time.Sleep(4 * time.Second)
		for n := range 10 {
			time.Sleep(time.Second)
			bad := r.begin(1, "")
			send(t, bad, strings.Replace(askTop, "hi", fmt.Sprint("bad ", n), 1))
			answerWith(bad, 400, corrupted)
			if good := r.asking(t, n, 200, hello+stop); good.backend.Name != "a" {
				t.Fatalf("request %d goes to %s, though a refuses requests at once", n, good.backend.Name)
			}
		}
	})
}

// A probe that has heard nothing of the backend puts off the next one: short
// requests would all be spent on probes, one after the other.
func TestProbeWithoutAWord(t *testing.T) {
	cut := func(a *attempt) policies.Action {
		time.Sleep(a.settings.Deadline)
		return a.Wake()
	}
	for _, c := range []struct {
		name string
		end  func(*attempt) policies.Action
	}{
		{"cut by its deadline", cut},
		{"cut by its deadline after the headers", func(a *attempt) policies.Action {
			a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
			return cut(a)
		}},
		{"a stale connection", func(a *attempt) policies.Action {
			return a.ResponseHeaders(&policies.Response{Status: 503, Details: "upstream_reset_before_response_started{connection_termination}"})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := chained(t, route.Chain{{Model: "pro"}}, nil)
				r.asking(t, 0, 0, "")
				time.Sleep(5 * time.Second)
				probe := r.begin(1, "", "x-heald-set", "deadline=1s")
				send(t, probe, askTop)
				if act := c.end(probe); probe.backend.Name != "a" || act.Reply == nil {
					t.Fatalf("%s: %+v", probe.backend.Name, act)
				}
				probe.Close(policies.EndComplete)
				for _, want := range []string{"b", "a"} {
					if a := r.asking(t, 1, 200, hello+stop); a.backend.Name != want {
						t.Errorf("goes to %s, want %s", a.backend.Name, want)
					}
					time.Sleep(5 * time.Second)
				}
			})
		})
	}
}

// Each step is one request along a chain, of its own unless it repeats the one
// before: when it comes, and where its attempts go that fail. It ends with an
// answer.
func TestOutageOfAModel(t *testing.T) {
	type step struct {
		after time.Duration
		again bool
		fails []string // "a/pro 0": where, and how; 0 is silence
		at    string   // where it is answered; "" for nowhere
	}
	one, two := route.Chain{{Model: "pro", Backend: "a"}, {Model: "lite", Backend: "a"}}, route.Chain{{Model: "pro"}, {Model: "lite"}}
	silent, both := []string{"a/pro 0", "a/pro 0"}, []string{"a/pro 0", "b/pro 0"}
	overloaded, all := []string{"a/pro 503", "a/pro 503"}, []string{"a/pro 0", "a/pro 0", "a/lite 0"}
	for _, c := range []struct {
		name  string
		chain route.Chain
		steps []step
	}{
		{"silence of two requests: the next ones begin at the next model", one, []step{
			{fails: silent, at: "a/lite"}, {fails: silent[:1], at: "a/lite"}, {at: "a/lite"}, {at: "a/lite"},
		}},
		{"one request, however often it comes, moves no other to another model", one, []step{
			{fails: silent, at: "a/lite"}, {again: true, fails: silent, at: "a/lite"}, {again: true, fails: silent, at: "a/lite"}, {at: "a/pro"},
		}},
		{"both backends are out", two, []step{
			{fails: both, at: "b/lite"}, {fails: both, at: "b/lite"}, {at: "a/lite"}, {at: "a/lite"},
		}},
		{"one of them is out for one request only", two, []step{
			{fails: both[:1], at: "b/pro"}, {at: "b/pro"}, {fails: []string{"b/pro 0", "a/pro 0"}, at: "a/lite"}, {at: "b/pro"},
		}},
		{"503 of two requests", one, []step{
			{fails: overloaded, at: "a/lite"}, {fails: overloaded[:1], at: "a/lite"}, {at: "a/lite"},
		}},
		{"a probe that is answered ends it", one, []step{
			{fails: silent, at: "a/lite"}, {fails: silent[:1], at: "a/lite"}, {after: 5 * time.Second, at: "a/pro"}, {at: "a/pro"},
		}},
		{"after a probe that fails, the next request begins at the next model", one, []step{
			{fails: silent, at: "a/lite"}, {fails: silent[:1], at: "a/lite"}, {after: 5 * time.Second, fails: silent[:1], at: "a/lite"}, {at: "a/lite"},
			{after: 10 * time.Second, at: "a/pro"},
		}},
		{"both models are out: as if none was", one, []step{{fails: all}, {fails: []string{"a/pro 0", "a/lite 0", "a/pro 0"}}, {at: "a/pro"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, text := chained(t, c.chain, func(cfg *Config) {
					cfg.Policies = map[string]route.Settings{route.DefaultPolicy: {Peek: route.PeekSettings{Timeout: time.Second}}} // no probe is due soon
				}), 0
				for n, s := range c.steps {
					time.Sleep(s.after)
					if !s.again {
						text++
					}
					got := r.alongChain(t, strings.Replace(askTop, "hi", fmt.Sprint("hi ", text), 1), s.fails)
					if want := append(s.fails[:len(s.fails):len(s.fails)], s.at); strings.Join(got, ", ") != strings.Join(want, ", ") {
						t.Fatalf("request %d: %q, want %q", n+1, got, want)
					}
				}
			})
		})
	}
}

// alongChain plays a request whose attempts fail so where they go there, and
// returns how it went: the last is where it was answered, "" for nowhere.
func (r rig) alongChain(t *testing.T, body string, fails []string) (way []string) {
	t.Helper()
	for n, memory := 1, ""; ; n++ {
		a := r.begin(n, memory)
		send(t, a, body)
		at := a.chosen().String()
		if n > len(fails) {
			answerWith(a, 200, hello+stop)
			return append(way, at)
		}
		_, how, _ := strings.Cut(fails[n-1], " ")
		status, err := strconv.Atoi(how)
		if err != nil {
			t.Fatal(err)
		}
		reply := r.fails(a, answered{status: status, body: overload})
		way = append(way, at+" "+how)
		if !reply.Verdict.Again() {
			return append(way, "")
		}
		memory = reply.Memory
		time.Sleep(reply.Wait)
	}
}

// An outage is of one model, and nothing is held back that has no other backend.
func TestOutageReach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := chained(t, route.Chain{{Model: "pro", Backend: "a"}}, func(c *Config) {
			c.Models.Aliases["other"] = route.Chain{{Model: "lite"}}
		})
		r.asking(t, 0, 0, "")
		if a := r.asking(t, 1, 200, hello+stop); a.backend.Name != "a" || a.warning() != "" {
			t.Errorf("the only backend: goes to %s, warning %q", a.backend.Name, a.warning())
		}
		r.asking(t, 2, 0, "")
		a := r.begin(1, "")
		send(t, a, strings.Replace(askTop, "top", "other", 1))
		if a.backend.Name != "a" {
			t.Errorf("another model goes to %s", a.backend.Name)
		}
	})
}

// The request's own deadline says nothing of the backend.
func TestDeadlineIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := chained(t, route.Chain{{Model: "pro"}}, func(c *Config) {
			c.Policies = map[string]route.Settings{route.DefaultPolicy: {Deadline: time.Second}}
		})
		a := r.begin(1, "")
		send(t, a, askTop)
		time.Sleep(time.Second)
		if reply := a.Wake().Reply; reply.Verdict != policies.Fail {
			t.Errorf("%+v", reply)
		}
		a.Close(policies.EndComplete)
		if next := r.asking(t, 1, 200, hello+stop); next.backend.Name != "a" {
			t.Errorf("the next request goes to %s", next.backend.Name)
		}
	})
}

// A backend that is due for a probe is asked before anybody waits for another
// one, and before one is asked that cools down. One that may not be probed yet is
// asked only where nothing is worth waiting for.
func TestProbeBeforeWaiting(t *testing.T) {
	for _, c := range []struct {
		name  string
		since time.Duration // a is held back
		cause string        // b cools down for 8 s
		at    string
		probe bool
		waits time.Duration
	}{
		{"a probe is due, the other is over its rate limit", time.Hour, heal.ReasonRateLimit, "a", true, 0},
		{"a probe is due, the other cools down", time.Hour, heal.ReasonServerError, "a", true, 0},
		{"no probe is due, the other is over its rate limit", 0, heal.ReasonRateLimit, "a", true, 8 * time.Second}, // a probe is due by then
		{"no probe is due, the other cools down", 0, heal.ReasonServerError, "a", false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := chained(t, route.Chain{{Model: "pro"}}, nil)
				r.asking(t, 0, 0, "")
				time.Sleep(c.since)
				r.cool("b-1", "pro", c.cause, 8*time.Second)
				before := time.Now()
				a := r.begin(1, "")
				send(t, a, askTop)
				if waited := time.Since(before); a.backend.Name != c.at || a.probing() != c.probe || waited != c.waits {
					t.Errorf("goes to %s after %v, probe: %v", a.backend.Name, waited, a.probing())
				}
			})
		})
	}
}

// A rate limit that others keep up at the other backend does not keep one that is
// well from being found so.
func TestProbeUnderSteadyRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := chained(t, route.Chain{{Model: "pro"}}, nil)
		r.asking(t, 0, 0, "")
		for n := range 3 {
			time.Sleep(5 * time.Second)
			r.cool("b-1", "pro", heal.ReasonRateLimit, 5*time.Second)
			before := time.Now()
			if a := r.asking(t, n, 200, hello+stop); a.backend.Name != "a" || time.Since(before) > 0 {
				t.Errorf("request %d goes to %s after %v", n, a.backend.Name, time.Since(before))
			}
		}
	})
}

// The log says that a probe failed, and when the next one is due.
func TestFailedProbeIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := chained(t, route.Chain{{Model: "pro"}}, nil)
		r.asking(t, 0, 0, "")
		time.Sleep(5 * time.Second)
		r.asking(t, 1, 503, overload)
		lines := r.log.FilterMessage("probe failed").All()
		if len(lines) != 1 || lines[0].ContextMap()["next_in_ms"] != int64(10_000) || lines[0].ContextMap()["backend"] != "a" {
			t.Errorf("%v", lines)
		}
	})
}
