package state_test

import (
	"context"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
)

// A correction copies what it changes, and nothing else: others read the want.
func TestCorrected(t *testing.T) {
	place := state.Place{Account: "a", Tokens: 50}
	budgets := []state.Budget{{Name: "x", Amount: 10}, {Name: "y", Amount: 10}}
	from := state.Receipt{Tenant: "t", Slot: true, Budgets: budgets, Place: &place, At: 7}
	for _, c := range []struct {
		name    string
		tokens  int64
		amounts []int64
		want    int64
		wants   [2]int64
		changed bool
	}{
		{"nothing is known", -1, nil, 50, [2]int64{10, 10}, false},
		{"the same", 50, []int64{10, 10}, 50, [2]int64{10, 10}, false},
		{"fewer", 20, []int64{10, 3}, 20, [2]int64{10, 3}, true},
		{"more tokens are counted, more of budgets is not", 90, []int64{99, 99}, 90, [2]int64{10, 10}, true},
		{"one budget", -1, []int64{0}, 50, [2]int64{0, 10}, true},
		{"negative is none", -1, []int64{-5, 10}, 50, [2]int64{0, 10}, true},
	} {
		correction := state.Correction{Receipt: from, Tokens: c.tokens, Amounts: c.amounts}
		got, changed := correction.Corrected()
		if got.Place.Tokens != c.want || [2]int64{got.Budgets[0].Amount, got.Budgets[1].Amount} != c.wants || changed != c.changed {
			t.Errorf("%s: %+v, %+v, %v", c.name, got.Place, got.Budgets, changed)
		}
		if !changed && (got.Place != from.Place || &got.Budgets[0] != &from.Budgets[0]) {
			t.Errorf("%s: copied", c.name)
		}
	}
	if place.Tokens != 50 || budgets[0].Amount != 10 || budgets[1].Amount != 10 {
		t.Error("the want was changed")
	}
}

// lossy is a remote store whose corrections have an unknown outcome; told says
// whether they arrive.
type lossy struct {
	*remote
	told bool
}

func (l *lossy) Correct(ctx context.Context, c state.Correction) (state.Receipt, error) {
	if l.told {
		_, _ = l.Store.Correct(ctx, c)
	}
	return state.Receipt{}, context.DeadlineExceeded
}

// If the outcome of a correction is unknown, no less is counted than was used,
// whether it arrived or not.
func TestGuardUnknownCorrection(t *testing.T) {
	for _, told := range []bool{true, false} {
		for _, prompt := range []int64{20, 90} {
			bubble(t, state.GuardConfig{}, func(t *testing.T, _ *state.Guard, r *remote) {
				g := state.NewGuard(&lossy{r, told}, memory.New(), state.GuardConfig{})
				defer g.Close()
				p := state.Place{Account: "a", Group: "g", Model: "m", Rates: state.Rates{Tokens: 1000}, Tokens: 50}
				taken := take(t, g, at(p))
				receipt, err := g.Correct(t.Context(), state.Correction{Receipt: taken.Receipt, Tokens: prompt})
				if err == nil {
					t.Fatal("the outcome is known")
				}
				if err := g.Settle(t.Context(), state.Settlement{Receipt: receipt, Tokens: prompt}); err != nil {
					t.Fatal(err)
				}
				s, _ := r.Store.Snapshot(t.Context())
				if got := s.Load[state.GroupModel{Group: "g", Model: "m"}].Tokens; got < prompt || got > prompt+max(50-prompt, prompt-50) {
					t.Errorf("told %v: %d count of %d", told, got, prompt)
				}
			})
		}
	}
}

// A replica by itself corrects what it has given itself, and leaves what the silent
// store has given as it is until the end.
func TestGuardCorrectsAlone(t *testing.T) {
	bubble(t, state.GuardConfig{}, func(t *testing.T, g *state.Guard, r *remote) {
		p := state.Place{Account: "a", Slots: 10, Group: "g", Model: "m", Rates: state.Rates{Tokens: 100}, Tokens: 60}
		given := take(t, g, at(p))
		goDown(t, g, r)
		same, err := g.Correct(t.Context(), state.Correction{Receipt: given.Receipt, Tokens: 10})
		if err != nil || same.Place != given.Receipt.Place {
			t.Errorf("corrected at a store that is silent: %+v, %v", same, err)
		}
		time.Sleep(2 * time.Minute)
		ends := time.Now().Add(time.Hour)
		want := func(tokens int64) *state.Want {
			w := at(p)
			w.Places[0].Tokens = tokens
			w.Tenant = &state.TenantWant{Name: "t", Budgets: []state.Budget{{Name: "tokens/hour", Ends: ends, Limit: 100, Amount: tokens}}}
			return w
		}
		own := take(t, g, want(60))
		if !own.Local {
			t.Fatalf("%+v", own)
		}
		receipt, err := g.Correct(t.Context(), state.Correction{Receipt: own.Receipt, Tokens: 10, Amounts: []int64{10}})
		if err != nil || !receipt.Local || receipt.Place.Tokens != 10 {
			t.Errorf("%+v, %v", receipt, err)
		}
		if more := take(t, g, want(90)); more.Place != 0 {
			t.Errorf("what was given back is not there: %+v", more)
		}
		r.silent.Store(false)
		time.Sleep(2 * time.Minute)
		for _, e := range []state.Settlement{{Receipt: same, Tokens: 10}, {Receipt: receipt, Tokens: 12, Used: []int64{12}}} {
			if err := g.Settle(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		used, err := r.Used(t.Context(), []*state.TenantWant{want(0).Tenant})
		if err != nil || used[0][0] != 12 {
			t.Errorf("the store was told of %v, %v", used, err)
		}
	})
}
