package account

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// wanting takes an amount of a budget of ten thousand tokens, in a window that
// ends in three weeks.
func wanting(amount int64) Want {
	ends := time.Now().Truncate(7 * 24 * time.Hour).Add(21 * 24 * time.Hour)
	return Want{Tenant: "t", MaxWait: 30 * time.Second, Limits: func(time.Time) (*state.TenantWant, error) {
		return &state.TenantWant{Name: "t", Budgets: []state.Budget{{Name: "tokens/month", Ends: ends, Limit: 10_000, Amount: amount}}}, nil
	}}
}

// A reserved amount may come back: requests wait for it, and those that cannot
// wait so long get that error, not that the window is used up.
func TestReservedBudgetIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, one(0, state.Rates{}))
		_, first := acquired(t, p, plan("m", "x"), wanting(6000))
		impatient := wanting(6000)
		impatient.MaxWait = time.Second
		if got, _ := acquired(t, p, plan("m", "x"), impatient); got != "tenant_reserved" {
			t.Errorf("while it is set aside: %s", got)
		}
		time.AfterFunc(3*time.Second, func() { first.Done(Outcome{Sent: true, Result: Succeeded, Tokens: 10, Used: []int64{100}}) })
		began := time.Now()
		got, second := acquired(t, p, plan("m", "x"), wanting(6000))
		if waited := time.Since(began); got != "a" || waited < 3*time.Second || waited > 3*time.Second+state.SnapshotAge {
			t.Errorf("%s after %v", got, waited)
		}
		second.Done(Outcome{Sent: true, Result: Succeeded, Tokens: 10, Used: []int64{9000}})
		began = time.Now()
		if got, _ := acquired(t, p, plan("m", "x"), wanting(6000)); got != "tenant_budget" || time.Since(began) != 0 {
			t.Errorf("once it is used: %s after %v", got, time.Since(began))
		}
	})
}

// A budget that has no room for one request may have room for another, and for the
// same one once the tenant may take more: the store says so, whoever else waits.
func TestBudgetsAreAskedForEachRequest(t *testing.T) {
	list := append(one(1, state.Rates{}), Account{ID: "b", Backend: "y", Secret: NewSecret("s")})
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, list)
		_, held := acquired(t, p, plan("m", "x"), Want{Tenant: "other"})
		var all sync.WaitGroup
		all.Go(func() {
			if l, err := p.Acquire(t.Context(), plan("m", "x"), Want{Tenant: "other", MaxWait: 40 * time.Second}); err == nil {
				l.Done(Outcome{})
			}
		})
		synctest.Wait()
		for _, c := range []struct {
			amount int64
			want   string
		}{{10_001, "tenant_budget"}, {5000, "b"}, {10_001, "tenant_budget"}, {1, "b"}} {
			got, l := acquired(t, p, plan("m", "y"), wanting(c.amount))
			if got != c.want {
				t.Errorf("a request of %d tokens: %s", c.amount, got)
			}
			if l != nil {
				l.Done(Outcome{})
			}
		}
		held.Done(Outcome{})
		all.Wait()
	})
}

// A request that waits for a window learns at once that the tenant may take
// more.
func TestRaisedLimitsWake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, one(0, state.Rates{}))
		var limit atomic.Int64
		limit.Store(1)
		ends := time.Now().Add(20 * time.Second)
		w := Want{Tenant: "t", MaxWait: 30 * time.Second, Limits: func(time.Time) (*state.TenantWant, error) {
			return &state.TenantWant{Name: "t", Budgets: []state.Budget{{Name: "requests/minute", Ends: ends, Limit: limit.Load(), Amount: 1}}}, nil
		}}
		_, l := acquired(t, p, plan("m", "x"), w)
		l.Done(Outcome{Sent: true, Result: Succeeded, Tokens: 1, Used: []int64{1}})
		time.AfterFunc(5*time.Second, func() {
			limit.Store(2)
			p.TenantsChanged()
		})
		began := time.Now()
		if got, _ := acquired(t, p, plan("m", "x"), w); got != "a" || time.Since(began) != 5*time.Second {
			t.Errorf("%s after %v", got, time.Since(began))
		}
	})
}
