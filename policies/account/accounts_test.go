package account

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
)

// two are accounts of two projects at backend x, and one at y.
var two = []Account{
	{ID: "a", Backend: "x", Project: "p1", Secret: NewSecret("ka")},
	{ID: "b", Backend: "x", Project: "p2", Secret: NewSecret("kb")},
	{ID: "c", Backend: "y", Project: "p3", Secret: NewSecret("kc")},
}

func accounts(t testing.TB, list []Account, deps Deps) *Accounts {
	t.Helper()
	if deps.Random == nil {
		deps.Random = func() float64 { return 0 }
	}
	if deps.Log == nil {
		deps.Log = zap.NewNop()
	}
	p, err := New(list, deps)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// plan lists backends for a model, in order of preference.
func plan(model string, backends ...string) []Candidate {
	var out []Candidate
	for i, b := range backends {
		out = append(out, Candidate{Backend: b, Model: model, Priority: i})
	}
	return out
}

// acquired is the account that is leased, or the kind of the refusal.
func acquired(t testing.TB, p *Accounts, plan []Candidate, w Want) (string, Lease) {
	t.Helper()
	l, err := p.Acquire(context.Background(), plan, w)
	var u *Unavailable
	switch {
	case errors.As(err, &u):
		return u.Kind.String(), nil
	case err != nil:
		t.Fatal(err)
	}
	return l.Account().ID, l
}

func TestAcquireInOrder(t *testing.T) {
	hour := Cooldown{Scope: OfAccount, Cause: "c", Kind: RateLimit, For: []time.Duration{time.Hour}}
	for _, c := range []struct {
		name  string
		plan  []Candidate
		cool  string // accounts that are kept back
		avoid map[string]Avoidance
		want  string
	}{
		{"the first in order", plan("m", "x", "y"), "", nil, "a"},
		{"what is tried comes after what is not", plan("m", "x"), "", map[string]Avoidance{"a": Tried}, "b"},
		{"what is tried comes before another backend", plan("m", "x", "y"), "", map[string]Avoidance{"a": Tried, "b": Tried}, "a"},
		{"what is spent is not asked", plan("m", "x", "y"), "", map[string]Avoidance{"a": Spent, "b": Spent}, "c"},
		{"what is kept back is not asked", plan("m", "x", "y"), "a", nil, "b"},
		{"what is tried and ready comes before what is kept back", plan("m", "x"), "b", map[string]Avoidance{"a": Tried}, "a"},
		{"the next backend, where all of the first is kept back", plan("m", "x", "y"), "ab", nil, "c"},
		{"nothing is asked that is kept back", plan("m", "x", "y"), "abc", nil, "rate_limit"},
		{"nobody serves it", plan("m", "z"), "", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := accounts(t, two, Deps{})
				for _, id := range c.cool {
					keepBack(p, string(id), "m", hour)
				}
				w := Want{MaxWait: time.Minute}
				if c.avoid != nil {
					w.Avoid = func(id, _ string) Avoidance { return c.avoid[id] }
				}
				if got, _ := acquired(t, p, c.plan, w); got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
			})
		})
	}
}

// keepBack keeps an account back as a failed attempt of it would.
func keepBack(p *Accounts, id, model string, d Cooldown) {
	l := leaseOf(p, id, model)
	l.Note(Effects{Cooldowns: []Cooldown{d}})
	l.Done(Outcome{Result: Failed, Sent: true, Tokens: -1})
}

// leaseOf leases an account, whatever is held against it.
func leaseOf(p *Accounts, id, model string) *lease {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.byID[id]
	ln := p.lane(m.Backend, model)
	for i := range ln.seats {
		for j := range ln.seats[i].members {
			if pl := &ln.seats[i].members[j]; pl.member == m {
				return p.lease(time.Now(), &option{lane: ln, seat: &ln.seats[i], place: pl}, &Want{Request: RequestSum(len(id))})
			}
		}
	}
	panic("no such account: " + id)
}

// Ten keys of one project are one quota: a 429 of one rests them all.
func TestGroupRestsTogether(t *testing.T) {
	var keys []Account
	for i := range 10 {
		keys = append(keys, Account{ID: fmt.Sprint("k", i), Backend: "x", Project: "p", Billing: "bill", Secret: NewSecret("s")})
	}
	keys = append(keys, Account{ID: "other", Backend: "x", Project: "q", Billing: "bill", Secret: NewSecret("s")})
	synctest.Test(t, func(t *testing.T) {
		p := accounts(t, keys, Deps{})
		keepBack(p, "k3", "m", Cooldown{Scope: OfGroup, OfModel: true, Cause: "429", Kind: RateLimit, For: []time.Duration{20 * time.Second}})
		if got, l := acquired(t, p, plan("m", "x"), Want{}); got != "other" {
			t.Errorf("%s was asked, of a project that rests", got)
		} else {
			l.Done(Outcome{})
		}
		if got, _ := acquired(t, p, plan("n", "x"), Want{}); got != "k0" {
			t.Errorf("%s was asked for another model, want k0", got)
		}
		keepBack(p, "other", "m", Cooldown{Scope: OfBilling, Cause: "money", Kind: NoMoney, For: []time.Duration{time.Hour}})
		if got, _ := acquired(t, p, plan("n", "x"), Want{}); got != "money" {
			t.Errorf("%s was asked, though the billing account of all is out of money", got)
		}
	})
}

// A request waits for what is over soon, to the instant, and is refused with a
// true time otherwise.
func TestAcquireWaits(t *testing.T) {
	for _, c := range []struct {
		rest, maxWait time.Duration
		waits         bool
	}{
		{3 * time.Second, 10 * time.Second, true},
		{10 * time.Second, 10 * time.Second, true},
		{10*time.Second + 1, 10 * time.Second, false},
		{time.Second, 0, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := accounts(t, two[2:], Deps{})
			keepBack(p, "c", "m", Cooldown{Scope: OfGroup, OfModel: true, Cause: "429", Kind: RateLimit, For: []time.Duration{c.rest}})
			began := time.Now()
			_, err := p.Acquire(context.Background(), plan("m", "y"), Want{MaxWait: c.maxWait})
			took := time.Since(began)
			var u *Unavailable
			switch {
			case c.waits && (err != nil || took != c.rest):
				t.Errorf("%v: %v after %v", c.rest, err, took)
			case !c.waits && (!errors.As(err, &u) || u.RetryAfter != c.rest || took != 0):
				t.Errorf("%v: %v after %v, want a refusal at once", c.rest, err, took)
			}
		})
	}
}

// A long cooldown lets one request at a time find out whether it is over: after
// 1, 5, 15, 60 minutes. A success ends it.
func TestLongCooldownsAreProbed(t *testing.T) {
	bad := Cooldown{Scope: OfAccount, Cause: "bad_key", Kind: BadCredential, For: []time.Duration{forGood}, Probes: true}
	synctest.Test(t, func(t *testing.T) {
		p := accounts(t, two[2:], Deps{})
		keepBack(p, "c", "m", bad)
		for _, wait := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, time.Hour} {
			time.Sleep(wait - time.Nanosecond)
			if got, _ := acquired(t, p, plan("m", "y"), Want{}); got != "credential" {
				t.Fatalf("%s before %v were over", got, wait)
			}
			time.Sleep(time.Nanosecond)
			got, probe := acquired(t, p, plan("m", "y"), Want{})
			if got != "c" {
				t.Fatalf("%s after %v, want a probe", got, wait)
			}
			if got, _ := acquired(t, p, plan("m", "y"), Want{}); got != "credential" {
				t.Errorf("%s while a probe is under way", got)
			}
			probe.Note(Effects{Cooldowns: []Cooldown{bad}})
			probe.Done(Outcome{Result: Failed, Sent: true})
		}
		time.Sleep(time.Hour)
		_, probe := acquired(t, p, plan("m", "y"), Want{})
		probe.Note(Effects{Answered: true})
		probe.Done(Outcome{Result: Succeeded, Sent: true})
		if got, _ := acquired(t, p, plan("m", "y"), Want{}); got != "c" {
			t.Errorf("%s after a success", got)
		}
	})
}

// A success of an attempt that began before says nothing of a later ban.
func TestLateSuccessLiftsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := accounts(t, two[2:], Deps{})
		_, early := acquired(t, p, plan("m", "y"), Want{})
		keepBack(p, "c", "m", Cooldown{Scope: OfAccount, Cause: "c", Kind: RateLimit, For: []time.Duration{time.Hour}})
		early.Note(Effects{Answered: true})
		early.Done(Outcome{Result: Succeeded, Sent: true})
		if got, _ := acquired(t, p, plan("m", "y"), Want{}); got != "rate_limit" {
			t.Errorf("%s though the account was kept back after the answer's attempt began", got)
		}
	})
}

// Requests begin elsewhere once a backend has failed; one of them at a time finds
// out whether it answers again.
func TestOutageIsProbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := accounts(t, two[1:], Deps{})
		_, l := acquired(t, p, plan("m", "x", "y"), Want{Request: 1})
		l.Note(Effects{Failed: "peek_timeout"})
		l.Done(Outcome{Result: Failed, Sent: true})
		for wait := 5 * time.Second; wait <= 20*time.Second; wait *= 2 {
			if got, _ := acquired(t, p, plan("m", "x", "y"), Want{}); got != "c" {
				t.Fatalf("%s was asked, though x failed", got)
			}
			time.Sleep(wait)
			if got, _ := acquired(t, p, plan("m", "x", "y"), Want{Retry: true}); got != "c" {
				t.Errorf("a retry probes %s", got)
			}
			got, probe := acquired(t, p, plan("m", "x", "y"), Want{})
			if got != "b" {
				t.Fatalf("%s after %v, want a probe of x", got, wait)
			}
			if got, _ := acquired(t, p, plan("m", "x", "y"), Want{}); got != "c" {
				t.Errorf("%s was asked while a probe is under way", got)
			}
			probe.Note(Effects{Failed: "peek_timeout"})
			probe.Done(Outcome{Result: Failed, Sent: true})
		}
		if got, _ := acquired(t, p, plan("m", "x"), Want{}); got != "b" {
			t.Errorf("%s where there is no other backend: a breaker turns nobody away by itself", got)
		}
	})
}

// An account with a soft cooldown is used after all ready ones, but rather than
// none.
func TestSoftCooldowns(t *testing.T) {
	soft := Cooldown{Scope: OfAccount, OfModel: true, Cause: "500", Kind: Outage, Soft: true, For: []time.Duration{8 * time.Second}}
	synctest.Test(t, func(t *testing.T) {
		p := accounts(t, two, Deps{})
		for _, c := range []struct{ rests, want string }{{"a", "b"}, {"b", "c"}, {"c", "a"}} {
			keepBack(p, c.rests, "m", soft)
			if got, _ := acquired(t, p, plan("m", "x", "y"), Want{}); got != c.want {
				t.Errorf("%s was asked after %s failed, want %s", got, c.rests, c.want)
			}
		}
	})
}

// An account that must be asked again is asked again, although another one
// scores better.
func TestAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := accounts(t, two, Deps{})
		leaseOf(p, "a", "m").Done(Outcome{Result: Failed, Sent: true})
		if got, _ := acquired(t, p, plan("m", "x"), Want{}); got != "b" {
			t.Errorf("%s was asked after a failed", got)
		}
		again := Want{Retry: true, Avoid: func(id, _ string) Avoidance {
			if id == "a" {
				return Again
			}
			return Fresh
		}}
		if got, _ := acquired(t, p, plan("m", "x"), again); got != "a" {
			t.Errorf("%s was asked, want a again", got)
		}
	})
}
