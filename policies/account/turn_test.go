package account

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// makeWait has requests wait at backend x until the test ends.
func makeWait(t *testing.T, p *Accounts, n int, model string, w Want) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if _, err := p.Acquire(ctx, plan(model, "x"), w); ctx.Err() == nil {
				t.Errorf("does not wait: %v", err)
			}
		})
		time.Sleep(10 * time.Millisecond) // the store is far
	}
	t.Cleanup(func() {
		cancel()
		all.Wait()
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	if got := p.queue.Waiting(); got != n {
		t.Fatalf("%d of %d wait", got, n)
	}
}

// A request that may not wait, or whose waiting rooms are full, is served if
// there is room at once, even if others wait for something else.
func TestRoomElsewhereNeedsNoWait(t *testing.T) {
	list := append(one(1, state.Rates{Requests: 1}), Account{ID: "b", Backend: "y", Slots: 5, Secret: NewSecret("s")})
	for _, c := range []struct {
		name           string
		waiting        int
		waits, comes   Want
		backend, model string
		want           string
	}{
		{"none may wait", 1, Want{Tenant: "u", MaxWait: 40 * time.Second}, Want{Tenant: "t"}, "y", "m", "b"},
		{"its one waits", 1, Want{Tenant: "t", MaxWait: 40 * time.Second, MaxWaiting: 1}, Want{Tenant: "t", MaxWait: 40 * time.Second, MaxWaiting: 1}, "y", "m", "b"},
		{"the backend is crowded by another model", leastRoom, Want{Tenant: "t", MaxWait: 40 * time.Second}, Want{Tenant: "t", MaxWait: 30 * time.Second}, "x", "idle", "a"},
		{"none may wait, and it would have to", 1, Want{Tenant: "u", MaxWait: 40 * time.Second}, Want{Tenant: "t"}, "x", "m", "rate_limit"},
		{"one more than may wait", 1, Want{Tenant: "t", MaxWait: 40 * time.Second}, Want{Tenant: "t", MaxWait: 40 * time.Second, MaxWaiting: 1}, "x", "m", "tenant_waiting"},
		{"the backend is crowded", leastRoom, Want{Tenant: "t", MaxWait: 40 * time.Second}, Want{Tenant: "t", MaxWait: 40 * time.Second}, "x", "m", "crowded"},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := accounts(t, list, Deps{Store: farStore{store(t)}, Shared: true})
			_, l := acquired(t, p, plan("m", "x"), Want{Tenant: "u"})
			l.Done(Outcome{Sent: true, Result: Succeeded, Tokens: -1})
			time.Sleep(30 * time.Second)
			makeWait(t, p, c.waiting, "m", c.waits)
			var all sync.WaitGroup
			var served atomic.Int32
			for range 2 { // the second comes while the first has the turn
				all.Go(func() {
					began := time.Now()
					got, l := acquired(t, p, plan(c.model, c.backend), c.comes)
					// The first one may have all that the idle model has; the waiting room is full.
					late := c.model == "idle" && (got == "rate_limit" || got == "crowded")
					if waited := time.Since(began); got != c.want && !late || waited > state.SnapshotAge {
						t.Errorf("%s: %s after %v", c.name, got, waited)
					}
					if l != nil {
						served.Add(1)
						l.Done(Outcome{})
					}
				})
			}
			all.Wait()
			if c.model == "idle" && served.Load() == 0 {
				t.Errorf("%s: nobody is served, want the first", c.name)
			}
		})
	}
}

// noToken is a credential whose token endpoint cannot be reached.
type noToken struct {
	Tokens
	ok bool
}

func (n *noToken) Token() (Secret, bool)  { return NewSecret("t"), n.ok }
func (n *noToken) Status() TokenStatus    { return TokenStatus{} }
func (n *noToken) Settle(context.Context) {}
func (n *noToken) Unusable() string {
	if n.ok {
		return ""
	}
	return "no access token"
}
func (n *noToken) Wait(ctx context.Context) error {
	select {
	case <-time.After(10 * time.Second):
		return errors.New(n.Unusable())
	case <-ctx.Done():
		return ctx.Err()
	}
}

// An account without an access token is waited for only where nothing else is
// left, neither busy nor resting.
func TestMissingTokenHidesNobody(t *testing.T) {
	list := append(one(1, state.Rates{}), Account{ID: "b", Backend: "x", Project: "q", Tokens: &noToken{}})
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, list)
		_, held := acquired(t, p, plan("m", "x"), Want{})
		time.AfterFunc(time.Second, func() { held.Done(Outcome{Sent: true, Result: Succeeded, Tokens: -1}) })
		began := time.Now()
		got, l := acquired(t, p, plan("m", "x"), Want{MaxWait: 30 * time.Second})
		if got != "a" || time.Since(began) != time.Second {
			t.Errorf("%s after %v", got, time.Since(began))
		}
		l.Done(Outcome{})
	})
}

// A request that waits for an access token does not block others, and is
// refused once it is clear that none comes.
func TestTokensAreAwaitedAside(t *testing.T) {
	token := &noToken{}
	list := []Account{{ID: "a", Backend: "x", Tokens: token}, {ID: "b", Backend: "y", Slots: 1, Secret: NewSecret("s")}, {ID: "c", Backend: "z", Secret: NewSecret("s")}}
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, list)
		_, held := acquired(t, p, plan("m", "y"), Want{})
		var all sync.WaitGroup
		all.Go(func() { // somebody waits, so all others join the queue
			_, l := acquired(t, p, plan("m", "y"), Want{MaxWait: 40 * time.Second})
			l.Done(Outcome{})
		})
		synctest.Wait()
		all.Go(func() {
			began := time.Now()
			if got, _ := acquired(t, p, plan("m", "x"), Want{MaxWait: 40 * time.Second}); got != "credential" || time.Since(began) != 10*time.Second {
				t.Errorf("without a token: %s after %v", got, time.Since(began))
			}
		})
		for range 9 {
			time.Sleep(time.Second)
			began := time.Now()
			if got, l := acquired(t, p, plan("m", "z"), Want{}); got != "c" || time.Since(began) != 0 {
				t.Errorf("%s after %v", got, time.Since(began))
			} else {
				l.Done(Outcome{})
			}
		}
		time.Sleep(5 * time.Second)
		held.Done(Outcome{})
		all.Wait()
	})
}

// fullStore has no room, and does not know for how long.
type fullStore struct {
	state.Store
	takes int
}

func (s *fullStore) Take(context.Context, *state.Want) (state.Taken, error) {
	s.takes++
	time.Sleep(300 * time.Microsecond)
	return state.Taken{Place: -1, Full: []state.Full{{Limit: "tpm"}}}, nil
}

// A store that says no without a time is not asked in a loop.
func TestUnknownTimesAreNotPolled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fullStore{Store: store(t)}
		p := accounts(t, one(0, state.Rates{Tokens: 250_000}), Deps{Store: s, Shared: true})
		const wait = 30 * time.Second
		if got, _ := acquired(t, p, plan("m", "x"), Want{Tokens: 150_000, MaxWait: wait}); got != "rate_limit" {
			t.Error(got)
		}
		if most := int(wait/state.SnapshotAge) + 1; s.takes > most {
			t.Errorf("the store was asked %d times in %v, at most %d would do", s.takes, wait, most)
		}
	})
}

// Models that clients make up cost neither what was learned of real ones, nor more
// memory than is bounded.
func TestInventedModelsTakeNothingAway(t *testing.T) {
	p := withStore(t, one(0, state.Rates{}))
	stated := leaseOf(p, "a", "real")
	stated.Note(Effects{Limits: []Quota{{ID: "GenerateRequestsPerMinutePerProjectPerModel", Value: "5"}}})
	stated.Done(Outcome{Sent: true, Tokens: -1})
	for i := range 2 * mostLanes {
		_, l := acquired(t, p, plan(fmt.Sprint("invented-", i), "x"), Want{})
		l.Done(Outcome{Sent: true, Tokens: -1})
	}
	served := 0
	for range 50 {
		if got, l := acquired(t, p, plan("real", "x"), Want{}); got == "a" {
			served++
			l.Done(Outcome{Sent: true, Tokens: -1})
		}
	}
	if served > 5 {
		t.Errorf("%d requests a minute are sent, upstream has stated 5", served)
	}
	if len(p.lanes) > mostLanes || len(p.quotas) > mostQuotas {
		t.Errorf("%d lanes, %d quotas", len(p.lanes), len(p.quotas))
	}
}

// A probe that took too long ends only itself: the next one has begun.
func TestLateProbeEndsOnlyItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, two[:1])
		keepBack(p, "a", "", Cooldown{Scope: OfAccount, Cause: "c", Kind: BadCredential, For: []time.Duration{10 * time.Hour}, Probes: true})
		probe := func(want string) Lease {
			got, l := acquired(t, p, plan("m", "x"), Want{})
			if got != want {
				t.Errorf("%s, want %s", got, want)
			}
			return l
		}
		time.Sleep(probeTime / 2)
		slow := probe("a")
		time.Sleep(probeTime + time.Second)
		second := probe("a")
		slow.Done(Outcome{})
		time.Sleep(probeTime / 2)
		probe("credential")
		second.Done(Outcome{})
	})
}
