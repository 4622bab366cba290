package redis

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

// A request that is refused holds nothing of the other half for the time of an
// answer: neither of its tenant while no account has room, nor of an account while its
// tenant has none. In a cluster it does once, before it is known to be refused.
func TestRefusedHoldsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		open func(t *testing.T) *Store
		most int // of 300 takes that may be refused
	}{
		"one server": {func(t *testing.T) *Store { return open(t, redistest.Start(t)) }, 0},
		"cluster":    {func(t *testing.T) *Store { return open(t, cluster(t), func(cfg *Config) { cfg.Cluster = true }) }, 10},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.open(t)
			one := func(tenant, account string, tokens int64) *state.Want {
				return &state.Want{
					Tenant: &state.TenantWant{Name: tenant, Slots: 1, Budgets: []state.Budget{{Name: "b", Ends: time.Now().Add(time.Hour), Limit: 1000, Amount: tokens}}},
					Places: []state.Place{{Account: account, Slots: 1, Group: account, Model: "m", Rates: state.Rates{Requests: 1 << 30}}},
				}
			}
			full, err := s.Take(t.Context(), &state.Want{Places: []state.Place{{Account: "full", Slots: 1}}})
			if err != nil || full.Place != 0 {
				t.Fatal(full, err)
			}
			ctx, stop := context.WithCancel(t.Context())
			refusals := make(chan int, 2)
			for _, again := range []*state.Want{one("t", "full", 1), one("spent", "free", 1001)} {
				go func() { // it ends with ctx
					n := 0
					for ; ctx.Err() == nil; n++ {
						if taken, err := s.Take(ctx, again); err == nil && !refused(again, &taken) {
							t.Errorf("it was not refused: %+v", taken)
							break
						}
					}
					refusals <- n
				}()
			}
			lost := 0
			for range 300 {
				want := one("t", "free", 1)
				taken, err := s.Take(t.Context(), want)
				if err != nil {
					t.Fatal(err)
				}
				if refused(want, &taken) {
					lost++
					continue
				}
				if err := s.Settle(t.Context(), state.Settlement{Receipt: taken.Receipt, Unsent: true}); err != nil {
					t.Fatal(err)
				}
				s.waiting.Wait()
			}
			stop()
			if a, b := <-refusals, <-refusals; min(a, b) < 10 {
				t.Errorf("only %d and %d were refused beside", a, b)
			}
			if lost > c.most {
				t.Errorf("%d of 300 takes were refused, though nothing they ask for is in use", lost)
			}
			s.settle(t.Context(), []ending{{Settlement: state.Settlement{Receipt: full.Receipt}}})
			consistent(t, s)
		})
	}
}

// What was refused lately is remembered within bounds, for a second.
func TestRefusalsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r refusals
		note := func(i int) *state.Want {
			name := fmt.Sprint(i)
			want := &state.Want{Tenant: &state.TenantWant{Name: name}, Places: []state.Place{{Account: name}}}
			r.note(want, &state.Taken{Tenant: state.TenantSlots, Full: []state.Full{{}}})
			return want
		}
		for i := range 2 * mostRefusals {
			if want := note(i); r.lately(want) != (i < mostRefusals) {
				t.Fatal(i, "is not remembered, or though there is no room")
			}
		}
		if len(r.tenants) != mostRefusals || len(r.accounts) != mostRefusals {
			t.Errorf("%d tenants, %d accounts", len(r.tenants), len(r.accounts))
		}
		time.Sleep(lately)
		for i := range mostRefusals {
			if !r.lately(note(i)) {
				t.Fatal(i, "has no room though all others are over")
			}
		}
		only := &state.Want{Tenant: &state.TenantWant{Name: "other"}, Places: []state.Place{{Account: "1"}, {Account: "free"}}}
		if r.lately(only) {
			t.Error("one of its accounts was not refused")
		}
	})
}
