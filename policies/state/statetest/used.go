package statetest

import (
	"slices"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// usedBudgets asks what tenants have used: what is settled counts as it was used,
// what runs as it was reserved, each in its own window.
func usedBudgets(t *testing.T, r *Rig) {
	ends := r.Now().Add(time.Hour)
	tenant := func(name string, ends time.Time, tokens int64) *state.TenantWant {
		return &state.TenantWant{Name: name, Budgets: []state.Budget{
			{Name: "requests/hour", Ends: ends, Limit: 100, Amount: 1},
			{Name: "tokens/hour", Ends: ends, Limit: 1000, Amount: tokens},
		}}
	}
	check := func(what string, ends time.Time, want ...int64) {
		t.Helper()
		asked := []*state.TenantWant{tenant("never-seen", ends, 0), {Name: "without-limits"}, tenant("t", ends, 0)}
		var got [][]int64
		var err error
		for range 200 { // a settlement may be on its way
			got, err = r.Store.(state.Used).Used(t.Context(), asked)
			if err == nil && len(got) == 3 && slices.Equal(got[0], []int64{0, 0}) && len(got[1]) == 0 && slices.Equal(got[2], want) {
				return
			}
			r.Sleep(20 * time.Millisecond)
		}
		t.Fatalf("%s: %v, %v, want %v", what, got, err, want)
	}
	check("at first", ends, 0, 0)
	one := r.take(t, &state.Want{Tenant: tenant("t", ends, 600)})
	check("reserved", ends, 1, 600)
	r.settle(t, state.Settlement{Receipt: one.Receipt, Tokens: -1, Used: []int64{1, 200}})
	check("settled", ends, 1, 200)
	two := r.until(t, &state.Want{Tenant: tenant("t", ends, 300)})
	check("asked again, which takes nothing", ends, 2, 500)
	check("the window after", ends.Add(time.Hour), 0, 0)
	r.settle(t, state.Settlement{Receipt: two.Receipt, Unsent: true})
	check("given back", ends, 1, 200)
	r.end(t, r.until(t, &state.Want{Tenant: tenant("t", ends.Add(time.Hour), 70)}))
	check("the new window", ends.Add(time.Hour), 1, 70)
	check("the old window", ends, 1, 200)
}
