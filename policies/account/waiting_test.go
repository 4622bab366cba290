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

// Whoever waits is woken when a slot is free: first come first served within a
// tenant, retries first, and the tenant first that has had the least. One that
// comes back starts where the others are.
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

// One that cannot be served holds back nobody who can.
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

// What is asked of the tenant is asked again after a wait.
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
		if got != "a" || time.Since(began) != time.Second {
			t.Fatalf("%s after %v, want the tenant's slot after 1 s", got, time.Since(began))
		}
		l2.Done(Outcome{Sent: true, Tokens: -1, Used: []int64{1}})
		_, err := p.Acquire(context.Background(), plan("m", "x"), w)
		var u *Unavailable
		if !errors.As(err, &u) || u.Kind != TenantBudget || u.What != "requests/hour" || u.RetryAfter != 19*time.Second {
			t.Errorf("got %#v, want the budget for 19 s", err)
		}
		time.Sleep(10 * time.Second)
		if got, _ := acquired(t, p, plan("m", "x"), w); got != "a" || !time.Now().Equal(ends) {
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
		for range poolWaiting - 1 {
			enter("large", 0)
		}
		if got, _ := acquired(t, p, plan("m", "x"), Want{MaxWait: time.Minute}); got != "crowded" {
			t.Errorf("%s, want a refusal: the backend's waiting room is full", got)
		}
		cancel()
		all.Wait()
		held.Done(Outcome{})
		if n := p.queue.Waiting(); n != 0 || len(p.crowds) != 0 {
			t.Errorf("%d wait, %v", n, p.crowds)
		}
	})
}
