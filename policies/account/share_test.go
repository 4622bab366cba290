package account

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// replicas are two that share a store.
func replicas(t *testing.T, list []Account) (a, b *Accounts) {
	t.Helper()
	s := store(t)
	return accounts(t, list, Deps{Store: s, Shared: true}), accounts(t, list, Deps{Store: s, Shared: true})
}

// told lets time pass until one replica has read what the other has written.
func told(p *Accounts) {
	synctest.Wait() // it is written
	time.Sleep(2 * state.SnapshotAge)
	p.mu.Lock()
	p.readAgain(time.Now())
	p.mu.Unlock()
	synctest.Wait()
}

func TestCooldownsAreShared(t *testing.T) {
	rest := Cooldown{Scope: OfGroup, OfModel: true, Cause: "429", Kind: RateLimit, For: []time.Duration{10 * time.Second, time.Hour}}
	synctest.Test(t, func(t *testing.T) {
		a, b := replicas(t, two[2:])
		keepBack(a, "c", "m", rest)
		told(b)
		if got, _ := acquired(t, b, plan("m", "y"), Want{}); got != "rate_limit" {
			t.Errorf("%s was asked, though another replica was refused", got)
		}
		time.Sleep(10 * time.Second)
		keepBack(b, "c", "m", rest) // the second in a row
		told(a)
		time.Sleep(time.Minute)
		if got, _ := acquired(t, a, plan("m", "y"), Want{}); got != "rate_limit" {
			t.Errorf("%s: failures in a row at two replicas are one row", got)
		}
	})
}

// A success at one replica ends the cooldown at all, but none that is later.
func TestSuccessIsShared(t *testing.T) {
	rest := Cooldown{Scope: OfAccount, Cause: "key", Kind: BadCredential, For: []time.Duration{time.Hour}, Probes: true}
	synctest.Test(t, func(t *testing.T) {
		a, b := replicas(t, two[2:])
		keepBack(a, "c", "m", rest)
		told(b)
		time.Sleep(time.Minute)
		got, probe := acquired(t, b, plan("m", "y"), Want{})
		if got != "c" {
			t.Fatalf("%s, want a probe", got)
		}
		if got, _ := acquired(t, a, plan("m", "y"), Want{}); got != "credential" {
			t.Errorf("%s: two replicas probe at once", got)
		}
		probe.Note(Effects{Answered: true})
		probe.Done(Outcome{Result: Succeeded, Sent: true})
		told(a)
		if got, _ := acquired(t, a, plan("m", "y"), Want{}); got != "c" {
			t.Errorf("%s after a success of another replica", got)
		}
	})
}

// One replica probes a backend, and all learn how it went.
func TestBreakersAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := replicas(t, two[1:])
		_, l := acquired(t, a, plan("m", "x", "y"), Want{Request: 1})
		l.Note(Effects{Failed: "peek_timeout"})
		l.Done(Outcome{Result: Failed, Sent: true})
		told(b)
		if got, _ := acquired(t, b, plan("m", "x", "y"), Want{}); got != "c" {
			t.Errorf("%s was asked, though x failed another replica", got)
		}
		time.Sleep(5 * time.Second)
		var got []string
		var probe Lease
		for _, p := range []*Accounts{a, b} {
			id, l := acquired(t, p, plan("m", "x", "y"), Want{})
			if got = append(got, id); id == "b" {
				probe = l
			}
		}
		if slices.Sort(got); !slices.Equal(got, []string{"b", "c"}) {
			t.Fatalf("%v were asked, want one probe", got)
		}
		probe.Note(Effects{Answered: true})
		told(a)
		told(b)
		for _, p := range []*Accounts{a, b} {
			if got, _ := acquired(t, p, plan("m", "x", "y"), Want{}); got != "b" {
				t.Errorf("%s after x has answered", got)
			}
		}
	})
}

// What was found of one credential says nothing of the next one.
func TestNewSecretIsNotKeptBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := store(t)
		old := accounts(t, two[2:], Deps{Store: s, Shared: true})
		keepBack(old, "c", "m", Cooldown{Scope: OfAccount, Cause: "key", Kind: BadCredential, For: []time.Duration{forGood}})
		synctest.Wait()
		for secret, want := range map[string]string{"kc": "credential", "new": "c"} {
			list := slices.Clone(two[2:])
			list[0].Secret = NewSecret(secret)
			p := accounts(t, list, Deps{Store: s, Shared: true})
			told(p)
			if got, _ := acquired(t, p, plan("m", "y"), Want{}); got != want {
				t.Errorf("secret %q: %s, want %s", secret, got, want)
			}
		}
	})
}

// Slots are exact over replicas, also for those that wait.
func TestSlotsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := replicas(t, one(1, state.Rates{}))
		_, held := acquired(t, a, plan("m", "x"), Want{})
		time.AfterFunc(3*time.Second, func() { held.Done(Outcome{Sent: true, Tokens: -1}) })
		began := time.Now()
		got, l := acquired(t, b, plan("m", "x"), Want{MaxWait: 10 * time.Second})
		if took := time.Since(began); got != "a" || took < 3*time.Second || took > 3*time.Second+2*state.SnapshotAge {
			t.Errorf("%s after %v, want the slot of the other replica soon after 3 s", got, took)
		} else {
			l.Done(Outcome{})
		}
	})
}

// What is remembered is bounded, whatever models clients name.
func TestAllIsBounded(t *testing.T) {
	p := accounts(t, two, Deps{})
	keepBack(p, "b", "", Cooldown{Scope: OfAccount, Cause: "c", Kind: BadCredential, For: []time.Duration{time.Hour}})
	for i := range 2 * mostSubjects {
		model := fmt.Sprint("model-", i)
		l, err := p.Acquire(context.Background(), plan(model, "x"), Want{})
		if err != nil {
			t.Fatal(err)
		}
		l.Note(Effects{Failed: "x", Doubtful: true, Cooldowns: []Cooldown{{Scope: OfAccount, OfModel: true, Cause: "c", For: []time.Duration{time.Hour}}}})
		l.Done(Outcome{Result: Failed, Sent: true})
	}
	if n := len(p.book.subjects); n > mostSubjects {
		t.Errorf("%d subjects are remembered, limit %d", n, mostSubjects)
	}
	if len(p.lanes) > mostLanes || len(p.quotas) > 3*mostLanes || len(p.suspects) > mostSuspicions {
		t.Errorf("%d lanes, %d quotas, %d suspicions", len(p.lanes), len(p.quotas), len(p.suspects))
	}
	if got, _ := acquired(t, p, plan("other", "x"), Want{Avoid: func(id, _ string) Avoidance {
		if id == "a" {
			return Spent
		}
		return Fresh
	}}); got != "credential" {
		t.Errorf("%s: an account's cooldown had to go for those of models", got)
	}
}
