package exchange

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// retry plays an attempt that must be marked, and returns its reply.
func (r rig) retry(t *testing.T, n int, memory, body string, status int, response string, want policies.Verdict) *policies.Reply {
	t.Helper()
	a := r.begin(n, memory)
	send(t, a, body)
	act := answerWith(a, status, response)
	if act.Step != policies.Answer || act.Reply.Verdict != want || (act.Reply.Memory == "") == want.Again() {
		t.Fatalf("attempt %d: action %+v %+v, want verdict %v", n, act, act.Reply, want)
	}
	return act.Reply
}

func TestNextAttemptTakesAnotherAccountThenAnotherBackend(t *testing.T) {
	r := newRig(t, nil)
	first := r.retry(t, 1, "", ask, 403, forbidden, policies.Retry)
	second := r.retry(t, 2, first.Memory, ask, 403, forbidden, policies.Failover)
	a := r.begin(3, second.Memory)
	f := send(t, a, ask)
	if a.account.ID != "b-1" || f.Cluster != "b" || f.Set.Get("authorization") != "Bearer token-b-1" ||
		f.Path != "/v1/projects/p/locations/europe-west4/publishers/google/models/gemini-3.5-flash:streamGenerateContent?alt=sse" {
		t.Errorf("third attempt: account %s, %+v", a.account.ID, f)
	}
	if act := answerWith(a, 200, hello+stop); act.Head.Set.Get("x-heald-attempts") != "3" {
		t.Errorf("attempts %q", act.Head.Set.Get("x-heald-attempts"))
	}
}

// Whole seconds are waited for by Envoy, the rest by the next attempt.
func TestWaitIsSplit(t *testing.T) {
	for _, c := range []struct {
		wait        string
		envoy, here time.Duration
	}{
		{"envoy", time.Second, 500 * time.Millisecond},
		{"heald", 0, 1500 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, func(cfg *Config) {
				cfg.Accounts = cfg.Accounts[:1]
				cfg.Backends = cfg.Backends[:1]
				cfg.Policies = map[string]route.Settings{"default": {Wait: c.wait}}
			})
			first := r.retry(t, 1, "", ask, 429, minute, policies.Retry)
			if first.Wait != c.envoy {
				t.Errorf("wait %s: Envoy waits %v, want %v", c.wait, first.Wait, c.envoy)
			}
			time.Sleep(first.Wait)
			before := time.Now()
			a := r.begin(2, first.Memory)
			send(t, a, ask)
			if got := time.Since(before); got != c.here {
				t.Errorf("wait %s: the next attempt waits %v, want %v", c.wait, got, c.here)
			}
			a.Close(policies.EndCancelled)
			lines := r.log.FilterMessage("attempt finished").All()
			if got := lines[len(lines)-1].ContextMap()["waited_ms"]; got != c.here.Milliseconds() {
				t.Errorf("wait %s: the log says that it waited %v, want %v", c.wait, got, c.here)
			}
		})
	}
}

// However long Envoy takes, and whenever it comes again by itself.
func TestWaitIsExact(t *testing.T) {
	for _, c := range []struct{ slept, here time.Duration }{
		{time.Second, 500 * time.Millisecond}, {1400 * time.Millisecond, 100 * time.Millisecond}, {2 * time.Second, 0}, {-time.Hour, longestPause},
	} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(2 * time.Hour)
			r := newRig(t, func(cfg *Config) { cfg.Accounts, cfg.Backends = cfg.Accounts[:1], cfg.Backends[:1] })
			a := r.begin(2, "")
			a.settings = route.DefaultSettings()
			a.memory.Until = time.Now().Add(1500*time.Millisecond - c.slept)
			before := time.Now()
			if err := pause(t.Context(), a.untilDue()); err != nil {
				t.Fatal(err)
			}
			if got := time.Since(before); got != c.here {
				t.Errorf("after %v: waits %v, want %v", c.slept, got, c.here)
			}
		})
	}
}

// A wait of nothing is no time: another replica's clock may be behind.
func TestNoWaitIsNoTime(t *testing.T) {
	r := newRig(t, nil)
	for _, c := range []struct {
		status int
		reply  string
		waits  bool
	}{{429, minute, false}, {503, overload, true}} { // another account need not wait
		first := r.retry(t, 1, "", ask, c.status, c.reply, policies.Retry)
		a := r.begin(2, first.Memory)
		a.RequestHeaders()
		if waits := !a.memory.Until.IsZero(); waits != c.waits {
			t.Errorf("after %d: due at %v", c.status, a.memory.Until)
		}
	}
}

func TestBudgetsEndTheRetries(t *testing.T) {
	alone := func(cfg *Config) { cfg.Backends, cfg.Accounts = cfg.Backends[:1], cfg.Accounts[:2] }
	r := newRig(t, alone)
	first := r.retry(t, 1, "", ask, 503, overload, policies.Retry)
	// The last attempt fails without a word from upstream: the client gets
	// what upstream said before.
	second := r.retry(t, 2, first.Memory, ask, 200, "", policies.Retry)
	last := r.retry(t, 3, second.Memory, ask, 200, "", policies.Fail)
	if last.Status != 529 || !strings.Contains(string(last.Body), "overloaded") {
		t.Errorf("client gets %d %s", last.Status, last.Body)
	}

	t.Run("deadline", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, alone)
			first := r.retry(t, 1, "", ask, 503, overload, policies.Retry)
			time.Sleep(10*time.Minute - 500*time.Millisecond)
			r.retry(t, 2, first.Memory, ask, 503, overload, policies.Fail)
		})
	})
	t.Run("without memory of the second, Envoy's count", func(t *testing.T) {
		r.retry(t, 3, first.Memory, ask, 503, overload, policies.Fail)
	})
	t.Run("attempts of the route", func(t *testing.T) {
		r := newRig(t, nil)
		a := r.begin(1, "", "x-heald-set", "attempts=1")
		send(t, a, ask)
		if act := answerWith(a, 503, overload); act.Reply.Verdict != policies.Fail {
			t.Errorf("verdict %v", act.Reply.Verdict)
		}
	})
}

func TestMemoryOfAnotherKeyIsIgnoredAndSaid(t *testing.T) {
	other := newRig(t, func(c *Config) { c.MemoryKeys = [][]byte{[]byte("other")} })
	first := other.retry(t, 1, "", ask, 403, forbidden, policies.Retry)
	r := newRig(t, nil)
	a := r.begin(2, first.Memory)
	send(t, a, ask)
	if a.account.ID != "a-1" || a.number != 2 {
		t.Errorf("account %s, attempt %d", a.account.ID, a.number)
	}
	lines := r.log.FilterMessage("memory of earlier attempts was ignored").All()
	if len(lines) != 1 || !strings.Contains(fmt.Sprint(lines[0].ContextMap()["error"]), "same memory_key") {
		t.Errorf("log: %v", lines)
	}
	answerWith(a, 200, hello+stop)
	if got := r.log.FilterMessage("attempt finished").All()[0].ContextMap()["memory"]; got != "other_key" {
		t.Errorf("the attempt's line says %v", got)
	}
}

func TestRepairHappensOnce(t *testing.T) {
	r := newRig(t, nil)
	history := `{"model":"gemini-3.5-flash","max_tokens":100,"stream":true,"tools":[{"name":"Bash","input_schema":{"type":"object","properties":{"command":{"type":"string"}}}}],"messages":[
		{"role":"user","content":"run it"},
		{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"Bash","input":{"command":"ls"}}]},
		{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"x"}]}]}`
	first := r.retry(t, 1, "", history, 400, corrupted, policies.Repair)
	a := r.begin(2, first.Memory)
	f := send(t, a, history)
	if !bytes.Contains(f.Body, []byte("could not be verified")) {
		t.Errorf("no repair prompt in %s", f.Body)
	}
	act := answerWith(a, 400, corrupted)
	if act.Reply.Verdict != policies.Fail || act.Reply.Status != 400 || !strings.Contains(string(act.Reply.Body), "Corrupted thought signature") {
		t.Errorf("second refusal: %v %d %s", act.Reply.Verdict, act.Reply.Status, act.Reply.Body)
	}
}

// The request's own deadline bounds an attempt that is held, and one that
// would begin too late does not begin.
func TestDeadlineBoundsAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		first := r.retry(t, 1, "", ask, 503, overload, policies.Retry)
		time.Sleep(9*time.Minute + 40*time.Second)
		if f := send(t, r.begin(2, first.Memory), ask); f.Wake >= time.Minute || f.Wake <= 0 {
			t.Errorf("an attempt near the deadline is woken after %v", f.Wake)
		}
		time.Sleep(time.Minute)
		late := r.begin(2, first.Memory)
		late.RequestHeaders()
		_, reply := late.RequestBody(context.Background(), []byte(ask))
		if reply == nil || reply.Reason != heal.ReasonDeadline || reply.Status != 529 { // what upstream said last
			t.Errorf("after the deadline: %+v", reply)
		}
	})
}
