package account

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// The status says in words why something is not usable, and until when.
func TestStatus(t *testing.T) {
	list := append(one(2, state.Rates{Requests: 10}), two[1:]...)
	list = append(list, Account{ID: "off", Backend: "y", Disabled: true, Secret: NewSecret("s")})
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, list)
		now := time.Now()
		_, held := acquired(t, p, plan("m", "x"), Want{})
		keepBack(p, "b", "m", Cooldown{Scope: OfAccount, Cause: "bad_key", Kind: BadCredential, For: []time.Duration{forGood}, Probes: true})
		keepBack(p, "a", "m", Cooldown{Scope: OfGroup, OfModel: true, Cause: "429", Kind: RateLimit, For: []time.Duration{30 * time.Second}})
		lost := leaseOf(p, "c", "m")
		lost.Note(Effects{Failed: "peek_timeout"})
		lost.Done(Outcome{Sent: true, Tokens: -1})
		synctest.Wait() // a snapshot that was asked for has been read
		p.quotas[state.GroupModel{Group: "x/p", Model: "m"}].load.Requests = 2
		s := p.Status(now)
		byID := map[string]AccountStatus{}
		for _, a := range s.Accounts {
			byID[a.ID] = a
		}
		if a := byID["a"]; !a.Now || a.InUse != 1 || a.Slots != 2 || !strings.Contains(a.Models["m"].Why, "rate limit") || !a.Models["m"].Until.Equal(now.Add(30*time.Second)) {
			t.Errorf("a: %+v", a)
		}
		if b := byID["b"]; b.Now || b.Why != "the credential is refused (account b)" || !b.Until.IsZero() || !b.Probe.Equal(now.Add(time.Minute)) {
			t.Errorf("b: %+v", b)
		}
		if off := byID["off"]; off.Now || !strings.Contains(off.Why, "disabled") {
			t.Errorf("off: %+v", off)
		}
		for _, b := range s.Backends {
			if want := map[string]string{"x": "closed", "y": "held back"}[b.Backend]; b.Breaker != want {
				t.Errorf("%s: %+v, want %s", b.Backend, b, want)
			}
		}
		if g := s.Groups[0]; g.Group != "x/p" || g.Used.Requests != 2 || g.Limits.Requests != 10 || g.Now {
			t.Errorf("the group is %+v", g)
		}
		out, err := json.Marshal(s)
		if err != nil || strings.Contains(string(out), "secret") || strings.Contains(string(out), "kb") {
			t.Errorf("%v %s", err, out)
		}
		held.Done(Outcome{})
	})
}

func TestQueueInStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, one(1, state.Rates{}))
		_, held := acquired(t, p, plan("m", "x"), Want{})
		ctx, cancel := context.WithCancel(context.Background())
		go func() { _, _ = p.Acquire(ctx, plan("m", "x"), Want{Tenant: "t", MaxWait: time.Minute}) }()
		synctest.Wait()
		if s := p.Status(time.Now()); len(s.Queues) != 1 || s.Queues[0] != (QueueStatus{"t", 1, Usable{Now: true}}) {
			t.Errorf("the queues are %v", s.Queues)
		}
		cancel()
		synctest.Wait()
		held.Done(Outcome{})
	})
}

// What only an owner ends has no time: a refused credential, a model that the
// project has no quota of. Programs read the kind.
func TestStatusWithoutAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, one(0, state.Rates{}))
		none := leaseOf(p, "a", "m")
		none.Note(Effects{Limits: []Quota{{ID: "GenerateRequestsPerDayPerProject", Value: "0"}}})
		none.Done(Outcome{Sent: true, Tokens: -1})
		keepBack(p, "a", "", Cooldown{Scope: OfAccount, Cause: "bad_key", Kind: BadCredential, For: []time.Duration{forGood}})
		s := p.Status(time.Now())
		if g := s.Groups[len(s.Groups)-1]; g.Now || g.Kind != "quota" || !g.Until.IsZero() {
			t.Errorf("the group is %+v", g)
		}
		if a := s.Accounts[0]; a.Now || a.Kind != "credential" || !a.Until.IsZero() {
			t.Errorf("the account is %+v", a)
		}
	})
}

// A tenant that its own limits keep back is listed although no request of it
// waits.
func TestTenantKeptBackInStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, one(0, state.Rates{}))
		ends := time.Now().Add(time.Minute)
		limits := func(time.Time) (*state.TenantWant, error) {
			return &state.TenantWant{Name: "search", Budgets: []state.Budget{{Name: "tokens/minute", Ends: ends, Limit: 5, Amount: 4}}}, nil
		}
		w := Want{Tenant: "search", Limits: limits, MaxWait: time.Second}
		_, held := acquired(t, p, plan("m", "x"), w)
		held.Done(Outcome{Sent: true, Result: Succeeded, Tokens: 4, Used: []int64{4}})
		if got, _ := acquired(t, p, plan("m", "x"), w); got != "tenant_budget" {
			t.Fatal(got)
		}
		want := QueueStatus{Tenant: "search", Usable: Usable{Kind: "tenant_budget", Why: "the tenant's budget is used up (tokens/minute)", Until: ends}}
		if s := p.Status(time.Now()); len(s.Queues) != 1 || s.Queues[0] != want {
			t.Errorf("the queues are %+v", s.Queues)
		}
	})
}

// Clients make up models, and each leaves a quota with every group. Those that
// were never used are left out when there are very many.
func TestStatusIsBounded(t *testing.T) {
	var list []Account
	for i := range 10 {
		list = append(list, Account{ID: fmt.Sprint("a", i), Backend: "x", Secret: NewSecret("s")})
	}
	p := accounts(t, list, Deps{})
	for i := range 900 {
		_, l := acquired(t, p, plan(fmt.Sprint("model-", i), "x"), Want{})
		l.Done(Outcome{Result: Succeeded, Sent: true, Tokens: 1})
	}
	s := p.Status(time.Now())
	if len(p.quotas) != 9000 || len(s.Groups) != 900 || len(s.Backends) != 900 {
		t.Errorf("of %d quotas, %d groups and %d backends are told", len(p.quotas), len(s.Groups), len(s.Backends))
	}
	for _, g := range s.Groups {
		if g.Used.Requests == 0 {
			t.Fatalf("%+v", g)
		}
	}
}

// An account of a Google credential tells how its token is, in the status and in
// metrics, and is not usable without one.
func TestTokenStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		list := []Account{
			{ID: "well", Backend: "x", Tokens: &tokens{now: "secret-token", status: TokenStatus{Ready: true, Expires: now.Add(time.Hour), Fetched: 3}}},
			{ID: "out", Backend: "x", Tokens: &tokens{status: TokenStatus{Problem: "it answered 503", Next: now.Add(time.Minute), Failed: 2}}},
			{ID: "off", Backend: "x", Disabled: true, Tokens: &tokens{}},
			{ID: "key", Backend: "x", Secret: NewSecret("k")},
		}
		p := accounts(t, list, Deps{})
		byID := map[string]AccountStatus{}
		for _, a := range p.Status(now).Accounts {
			byID[a.ID] = a
		}
		if a := byID["well"]; !a.Now || a.Token == nil || !a.Token.Expires.Equal(now.Add(time.Hour)) {
			t.Errorf("well: %+v", a)
		}
		if a := byID["out"]; a.Now || a.Kind != "credential" || a.Why != "no access token yet" || !a.Probe.Equal(now.Add(time.Minute)) || a.Token.Problem == "" {
			t.Errorf("out: %+v", a)
		}
		if byID["off"].Kind != "disabled" || byID["key"].Token != nil || !byID["key"].Now {
			t.Errorf("off: %+v, key: %+v", byID["off"], byID["key"])
		}
		if out, err := json.Marshal(byID); err != nil || strings.Contains(string(out), "secret-token") {
			t.Errorf("%v %s", err, out)
		}
		got := gathered(t, p, func(m string) string { return m })
		for key, want := range map[string]string{
			"heald_token_expires_seconds well": "3600", "heald_token_fetches_total well": "3", "heald_token_failures_total well": "0",
			"heald_token_expires_seconds out": "0", "heald_token_failures_total out": "2",
			"heald_token_expires_seconds key": "", "heald_token_failures_total key": "",
		} {
			if got[key] != want {
				t.Errorf("%s is %q, want %q", key, got[key], want)
			}
		}
	})
}
