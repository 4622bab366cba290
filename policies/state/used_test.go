package state_test

import (
	"errors"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// While the shared store does not answer it is unknown what budgets have used:
// what this replica has taken since is not all.
func TestUsedOfAStoreThatIsDown(t *testing.T) {
	bubble(t, state.GuardConfig{}, func(t *testing.T, g *state.Guard, r *remote) {
		want := &state.TenantWant{Name: "t", Budgets: []state.Budget{{Name: "tokens/hour", Ends: time.Now().Add(time.Hour), Limit: 10, Amount: 3}}}
		take(t, g, &state.Want{Tenant: want})
		if got, err := g.Used(t.Context(), []*state.TenantWant{want}); err != nil || got[0][0] != 3 {
			t.Errorf("up: %v, %v", got, err)
		}
		r.silent.Store(true)
		for range 3 {
			_, _ = g.Take(t.Context(), &state.Want{Tenant: want})
		}
		if got, err := g.Used(t.Context(), []*state.TenantWant{want}); !errors.Is(err, state.ErrUnavailable) {
			t.Errorf("down: %v, %v", got, err)
		}
	})
}
