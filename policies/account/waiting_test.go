package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
)

// one is an account with so many slots.
func one(slots int, r state.Rates) []Account {
	return []Account{{ID: "a", Backend: "x", Project: "p", Slots: slots, Rates: r, Secret: NewSecret("s")}}
}

func withStore(t *testing.T, list []Account) *Accounts {
	t.Helper()
	return accounts(t, list, Deps{Store: store(t)})
}

func store(t *testing.T) state.Store {
	t.Helper()
	s := memory.New()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// waiter is a request that waits, in a goroutine of its own.
type waiter struct {
	name  string
	lease Lease
	err   error
	after time.Duration
}

// await starts requests that wait, and returns how they ended once all have.
func await(t *testing.T, p *Accounts, wants map[string]Want, order []string, plan []Candidate, hold time.Duration) (ended []waiter) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	began := time.Now()
	for _, name := range order {
		all.Go(func() {
			l, err := p.Acquire(context.Background(), plan, wants[name])
			mu.Lock()
			ended = append(ended, waiter{name, l, err, time.Since(began)})
			mu.Unlock()
			if l != nil {
				time.Sleep(hold)
				l.Done(Outcome{Result: Succeeded, Sent: true, Tokens: -1, Service: wants[name].Tokens})
			}
		})
		synctest.Wait() // they come in this order
	}
	all.Wait()
	return ended
}

func names(ended []waiter) (out []string) {
	for _, e := range ended {
		out = append(out, e.name)
	}
	return out
}

// Waiting requests are woken when a slot is free: first come first served
// within a tenant, retries first, and the tenant with the least service first.
// A returning tenant starts where the others are.
func TestWaitersAreServedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, one(1, state.Rates{}))
		_, first := acquired(t, p, plan("m", "x"), Want{Tenant: "greedy", Tokens: 100})
		time.AfterFunc(time.Second, func() { first.Done(Outcome{Result: Succeeded, Sent: true, Tokens: -1, Service: 100}) })
		wants := map[string]Want{}
		var order []string
		for i := range 4 {
			name := fmt.Sprint("greedy-", i)
			wants[name], order = Want{Tenant: "greedy", Tokens: 100, MaxWait: time.Minute, Retry: i == 3}, append(order, name)
		}
		wants["modest"], order = Want{Tenant: "modest", Tokens: 100, MaxWait: time.Minute}, append(order, "modest")
		ended := await(t, p, wants, order, plan("m", "x"), time.Second)
		if got, want := names(ended), []string{"greedy-3", "modest", "greedy-0", "greedy-1", "greedy-2"}; !slices.Equal(got, want) {
			t.Errorf("served %v, want %v", got, want)
		}
		for i, e := range ended {
			if want := time.Duration(i+1) * time.Second; e.after != want || e.err != nil {
				t.Errorf("%s: %v after %v, want %v: a slot was left free", e.name, e.err, e.after, want)
			}
		}
	})
}

// A minute's requests are reserved before they are sent, and the next one waits
// until the window has room, no longer.
func TestRatesAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, one(0, state.Rates{Requests: 3}))
		for range 3 {
			if got, l := acquired(t, p, plan("m", "x"), Want{}); got != "a" {
				t.Fatalf("refused: %s", got)
			} else {
				l.Done(Outcome{Result: Succeeded, Sent: true, Tokens: -1})
			}
		}
		_, err := p.Acquire(context.Background(), plan("m", "x"), Want{MaxWait: 10 * time.Second})
		var u *Unavailable
		if !errors.As(err, &u) || u.Kind != RateLimit || u.RetryAfter < 59*time.Second || u.RetryAfter > 61*time.Second {
			t.Fatalf("got %v, want a refusal with the time until the window has room", err)
		}
		time.Sleep(u.RetryAfter - 5*time.Second)
		began := time.Now()
		l, err := p.Acquire(context.Background(), plan("m", "x"), Want{MaxWait: 10 * time.Second})
		if err != nil || time.Since(began) != 5*time.Second {
			t.Fatalf("%v after %v, want to be served after 5 s", err, time.Since(began))
		}
		l.Done(Outcome{}) // nothing went upstream
		if got, _ := acquired(t, p, plan("m", "x"), Want{}); got != "a" {
			t.Errorf("%s: what was not sent was not given back", got)
		}
	})
}

// What is ready is asked rather than what must be waited for.
func TestReadyBeforeWaiting(t *testing.T) {
	list := append(one(1, state.Rates{}), Account{ID: "b", Backend: "y", Secret: NewSecret("s")})
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, list)
		_, held := acquired(t, p, plan("m", "x", "y"), Want{MaxWait: time.Minute})
		began := time.Now()
		if got, _ := acquired(t, p, plan("m", "x", "y"), Want{MaxWait: time.Minute}); got != "b" || time.Since(began) != 0 {
			t.Errorf("%s after %v, want b at once", got, time.Since(began))
		}
		held.Done(Outcome{})
	})
}

// A request that cannot be served does not hold back others that can.
func TestOthersAreServedMeanwhile(t *testing.T) {
	list := append(one(1, state.Rates{}), Account{ID: "b", Backend: "y", Slots: 1, Secret: NewSecret("s")})
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, list)
		_, held := acquired(t, p, plan("m", "x"), Want{})
		var all sync.WaitGroup
		all.Go(func() {
			if _, l := acquired(t, p, plan("m", "x"), Want{MaxWait: 40 * time.Second}); l != nil {
				l.Done(Outcome{})
			}
		})
		synctest.Wait()
		began := time.Now()
		if got, l := acquired(t, p, plan("m", "y"), Want{MaxWait: time.Minute}); got != "b" || time.Since(began) != 0 {
			t.Errorf("%s after %v, want b at once", got, time.Since(began))
		} else {
			l.Done(Outcome{})
		}
		held.Done(Outcome{})
		all.Wait()
	})
}

// The tenant's limits are read again after a wait.
func TestTenantIsCheckedAgain(t *testing.T) {
	disabled := errors.New("disabled")
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, one(1, state.Rates{}))
		_, held := acquired(t, p, plan("m", "x"), Want{})
		var gone bool
		limits := func(time.Time) (*state.TenantWant, error) {
			if gone {
				return nil, disabled
			}
			return &state.TenantWant{Name: "t", Slots: 5}, nil
		}
		time.AfterFunc(time.Second, func() { gone = true; held.Done(Outcome{}) })
		if _, err := p.Acquire(context.Background(), plan("m", "x"), Want{Tenant: "t", Limits: limits, MaxWait: time.Minute}); !errors.Is(err, disabled) {
			t.Errorf("got %v", err)
		}
		gone = false
		if got, l := acquired(t, p, plan("m", "x"), Want{Tenant: "t", Limits: limits, MaxWait: time.Minute}); got != "a" {
			t.Errorf("%s: the slot was lost with the refusal", got)
		} else {
			l.Done(Outcome{})
		}
	})
}

// A tenant's slots are waited for, its windows as well if they end in time, and
// else the refusal says when.
func TestTenantLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, two)
		ends := time.Now().Add(20 * time.Second)
		limits := func(now time.Time) (*state.TenantWant, error) {
			w := &state.TenantWant{Name: "t", Slots: 1}
			e := ends
			for !e.After(now) {
				e = e.Add(time.Hour)
			}
			w.Budgets = []state.Budget{{Name: "requests/hour", Ends: e, Limit: 2, Amount: 1}}
			return w, nil
		}
		w := Want{Tenant: "t", Limits: limits, MaxWait: 10 * time.Second}
		_, l := acquired(t, p, plan("m", "x"), w)
		time.AfterFunc(time.Second, func() { l.Done(Outcome{Sent: true, Tokens: -1, Used: []int64{1}}) })
		began := time.Now()
		got, l2 := acquired(t, p, plan("m", "x"), w)
		if l2 == nil || time.Since(began) != time.Second {
			t.Fatalf("%s after %v, want the tenant's slot after 1 s", got, time.Since(began))
		}
		l2.Done(Outcome{Sent: true, Tokens: -1, Used: []int64{1}})
		_, err := p.Acquire(context.Background(), plan("m", "x"), w)
		var u *Unavailable
		if !errors.As(err, &u) || u.Kind != TenantBudget || u.What != "requests/hour" || u.RetryAfter != 19*time.Second {
			t.Errorf("got %#v, want the budget for 19 s", err)
		}
		time.Sleep(10 * time.Second)
		if got, l := acquired(t, p, plan("m", "x"), w); l == nil || !time.Now().Equal(ends) {
			t.Errorf("%s %v after the window's end", got, time.Since(ends))
		}
	})
}

// Waiting rooms are bounded: a full one refuses at once.
func TestWaitingRooms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, one(1, state.Rates{}))
		_, held := acquired(t, p, plan("m", "x"), Want{})
		ctx, cancel := context.WithCancel(context.Background())
		var all sync.WaitGroup
		enter := func(tenant string, most int) {
			all.Go(func() {
				_, _ = p.Acquire(ctx, plan("m", "x"), Want{Tenant: tenant, MaxWaiting: most, MaxWait: time.Minute})
			})
			synctest.Wait()
		}
		enter("small", 1)
		if got, _ := acquired(t, p, plan("m", "x"), Want{Tenant: "small", MaxWaiting: 1, MaxWait: time.Minute}); got != "tenant_waiting" {
			t.Errorf("%s, want a refusal: the tenant's waiting room is full", got)
		}
		for range leastRoom - 1 {
			enter("large", 0)
		}
		if got, _ := acquired(t, p, plan("m", "x"), Want{Tenant: "large", MaxWait: time.Minute}); got != "crowded" {
			t.Errorf("%s, want a refusal: the backend's waiting room is full", got)
		}
		cancel()
		all.Wait()
		held.Done(Outcome{})
		if n := p.queue.Waiting(); n != 0 || p.room("x").waiting != 0 {
			t.Errorf("%d wait, %d in the room", n, p.room("x").waiting)
		}
	})
}

// A deadline is for the answer to begin: the wait ends so much sooner as content
// usually takes, but not before half of the time.
func TestWaitLeavesTimeForContent(t *testing.T) {
	for _, c := range []struct{ content, deadline, maxWait, want time.Duration }{
		{0, 30 * time.Second, 40 * time.Second, 30*time.Second - 1}, // at the deadline the request is over
		{time.Second, 30 * time.Second, 40 * time.Second, 26 * time.Second},
		{time.Second, 30 * time.Second, 10 * time.Second, 10 * time.Second},
		{time.Second, 0, 20 * time.Second, 20 * time.Second},
		{20 * time.Second, 30 * time.Second, 40 * time.Second, 15 * time.Second},
		{time.Second, time.Hour, time.Hour, longestWait},
	} {
		for _, accounts := range []int{1, 3} {
			synctest.Test(t, func(t *testing.T) {
				var list []Account
				for i := range accounts {
					list = append(list, Account{ID: fmt.Sprint(i), Backend: "x", Slots: 1, Secret: NewSecret("s")})
				}
				p := withStore(t, list)
				for range accounts {
					_, l := acquired(t, p, plan("m", "x"), Want{})
					defer l.Done(Outcome{Sent: true, Tokens: -1})
					if c.content > 0 {
						l.(*lease).quota.health.Note(time.Now(), Succeeded, c.content)
					}
				}
				time.Sleep(2 * time.Second) // medians are found anew
				want := Want{MaxWait: c.maxWait}
				if c.deadline > 0 {
					want.Deadline = time.Now().Add(c.deadline)
				}
				began := time.Now()
				if got, _ := acquired(t, p, plan("m", "x"), want); got != "busy" || time.Since(began) != c.want {
					t.Errorf("%d accounts, %+v: %s after %v", accounts, c, got, time.Since(began))
				}
			})
		}
	}
}

// Waiting requests sleep: when room appears, once a second for a while, one
// ranking finds whom it serves, instead of one for each of them.
func TestWaitersSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, waiters = 30, 100
		p := withStore(t, one(0, state.Rates{Requests: limit}))
		for range limit {
			_, l := acquired(t, p, plan("m", "x"), Want{})
			l.Done(Outcome{Result: Succeeded, Sent: true, Tokens: -1})
			time.Sleep(time.Second)
		}
		wants, order := map[string]Want{}, make([]string, waiters)
		for i := range order {
			order[i] = fmt.Sprint(i)
			wants[order[i]] = Want{MaxWait: 40 * time.Second}
		}
		served := 0
		for _, e := range await(t, p, wants, order, plan("m", "x"), 0) {
			if e.err == nil {
				if e.name != order[served] || e.after != 30*time.Second+time.Duration(served)*time.Second+state.Minute-time.Minute {
					t.Errorf("%s was served after %v", e.name, e.after)
				}
				served++
			}
		}
		if served != 10 {
			t.Errorf("%d were served, want one a second for 10 s", served)
		}
		if p.looks > 8*waiters { // twice as they come, thrice as they go, and a few
			t.Errorf("%d rankings for %d that waited", p.looks, waiters)
		}
	})
}

// farStore is a store that takes a millisecond to answer.
type farStore struct{ state.Store }

func (s farStore) Take(ctx context.Context, w *state.Want) (state.Taken, error) {
	time.Sleep(time.Millisecond)
	return s.Store.Take(ctx, w)
}

// Where an attempt of another replica may end at any time, one of the waiting
// requests checks for all.
func TestOneWaiterLooksForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const waiters = 100
		deps := Deps{Store: farStore{store(t)}, Shared: true}
		a, b := accounts(t, one(1, state.Rates{}), deps), accounts(t, one(1, state.Rates{}), deps)
		_, held := acquired(t, a, plan("m", "x"), Want{})
		time.AfterFunc(8*time.Second, func() { held.Done(Outcome{Result: Succeeded, Sent: true, Tokens: -1}) })
		wants, order := map[string]Want{}, make([]string, waiters)
		for i := range order {
			order[i] = fmt.Sprint(i)
			wants[order[i]] = Want{MaxWait: 10 * time.Second}
		}
		served := 0
		for _, e := range await(t, b, wants, order, plan("m", "x"), 0) {
			if e.err == nil {
				served++
			}
		}
		if served != waiters {
			t.Errorf("%d of %d were served when the other replica's attempt had ended", served, waiters)
		}
		if b.looks > 10*waiters {
			t.Errorf("%d rankings for %d that waited 8 s", b.looks, waiters)
		}
	})
}

// A block that lasts longer than any request waits ends all waits.
func TestNobodyWaitsInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, one(1, state.Rates{}))
		_, held := acquired(t, p, plan("m", "x"), Want{})
		time.AfterFunc(5*time.Second, func() {
			held.Note(Effects{Cooldowns: []Cooldown{{Scope: OfGroup, Cause: "quota", Kind: QuotaSpent, For: []time.Duration{time.Hour}}}})
			held.Done(Outcome{Result: Failed, Sent: true, Tokens: -1})
		})
		wants, order := map[string]Want{}, []string{"a", "b", "c", "d"}
		for i, name := range order {
			wants[name] = Want{Tenant: fmt.Sprint("tenant", i%2), Tokens: int64(100 * i), MaxWait: 30 * time.Second}
		}
		for _, e := range await(t, p, wants, order, plan("m", "x"), 0) {
			var u *Unavailable
			if !errors.As(e.err, &u) || u.Kind != QuotaSpent || e.after != 5*time.Second {
				t.Errorf("%s: %v after %v, want a refusal at once", e.name, e.err, e.after)
			}
		}
	})
}

// The one that watches sleeps while somebody else has the turn and asks a store
// that is far away. (If it does not, time stands still in this test, and it hangs.)
func TestWatchSleepsDuringATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := accounts(t, one(0, state.Rates{Requests: 1}), Deps{Store: farStore{store(t)}, Shared: true})
		_, l := acquired(t, p, plan("m", "x"), Want{})
		l.Done(Outcome{Result: Succeeded, Sent: true, Tokens: -1})
		time.Sleep(30 * time.Second)
		var all sync.WaitGroup
		for _, retry := range []bool{false, true} {
			all.Go(func() {
				l, err := p.Acquire(context.Background(), plan("m", "x"), Want{MaxWait: 40 * time.Second, Retry: retry})
				if served := err == nil; served != retry {
					t.Errorf("retry %v: %v", retry, err)
				} else if served {
					l.Done(Outcome{Result: Succeeded, Sent: true, Tokens: -1})
				}
			})
			time.Sleep(time.Second) // the first one sleeps, and watches
		}
		all.Wait()
	})
}
