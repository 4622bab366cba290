package statetest

import (
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// holds waits until a group has used so many tokens, with one request.
func (r *Rig) holds(t testing.TB, what string, tokens int64) {
	t.Helper()
	r.eventually(t, what, func(s *state.Snapshot) bool {
		l := s.Load[state.GroupModel{Group: "g", Model: "m"}]
		return l.Tokens == tokens && l.Requests == 1 && s.InUse["a"] == 1
	})
}

// promptIsCorrected corrects what is reserved of a minute's tokens before the end,
// down and up, and never the slot or the request.
func promptIsCorrected(t *testing.T, r *Rig) {
	p := state.Place{Account: "a", Slots: 2, Group: "g", Model: "m", Rates: state.Rates{Tokens: 100}, Tokens: 60}
	taken := r.take(t, at(p))
	one := r.correct(t, state.Correction{Receipt: taken.Receipt, Tokens: 40})
	r.holds(t, "down", 40)
	again := r.correct(t, state.Correction{Receipt: one, Tokens: 40})
	r.holds(t, "twice is once", 40)
	if again.Place != one.Place {
		t.Error("a correction of nothing makes another receipt")
	}
	r.holds(t, "not known", r.correct(t, state.Correction{Receipt: again, Tokens: -1}).Place.Tokens)
	other := r.take(t, at(p)) // 40 + 60
	if got := r.take(t, at(p)); got.Place >= 0 {
		t.Fatalf("more than the limit: %+v", got)
	}
	r.settle(t, state.Settlement{Receipt: other.Receipt, Unsent: true})
	up := r.correct(t, state.Correction{Receipt: one, Tokens: 90})
	r.holds(t, "up", 90)
	if p.Tokens != 60 || taken.Receipt.Place.Tokens != 60 {
		t.Error("the want was changed")
	}
	r.settle(t, state.Settlement{Receipt: up, Tokens: 95})
	r.eventually(t, "the end tells the rest", func(s *state.Snapshot) bool {
		return s.InUse["a"] == 0 && s.Load[state.GroupModel{Group: "g", Model: "m"}] == state.Load{Requests: 1, Tokens: 95}
	})
}

// correctedLate corrects what was taken in another second, and what has left the
// minute.
func correctedLate(t *testing.T, r *Rig) {
	p := state.Place{Account: "a", Group: "g", Model: "m", Rates: state.Rates{Tokens: 100}, Tokens: 60}
	taken := r.take(t, at(p))
	r.Sleep(40 * time.Second)
	next := r.take(t, at(state.Place{Account: "a", Group: "g", Model: "m", Rates: p.Rates, Tokens: 1}))
	r.settle(t, state.Settlement{Receipt: next.Receipt, Unsent: true})
	receipt := r.correct(t, state.Correction{Receipt: taken.Receipt, Tokens: 10})
	if got := r.take(t, at(state.Place{Account: "a", Group: "g", Model: "m", Rates: p.Rates, Tokens: 91})); got.Place >= 0 {
		t.Fatal("the correction took more away than it was to")
	}
	big := r.take(t, at(state.Place{Account: "a", Group: "g", Model: "m", Rates: p.Rates, Tokens: 90}))
	if big.Place < 0 {
		t.Fatalf("the correction is not in the second of the request: %+v", big)
	}
	r.Sleep(30 * time.Second) // the first has left, the other has not
	late := r.correct(t, state.Correction{Receipt: receipt, Tokens: 1})
	if got := r.take(t, at(state.Place{Account: "a", Group: "g", Model: "m", Rates: p.Rates, Tokens: 11})); got.Place >= 0 {
		t.Fatal("what has left the minute was taken away from what has not")
	}
	r.settle(t, state.Settlement{Receipt: late, Tokens: 1}, state.Settlement{Receipt: big.Receipt, Tokens: 90})
	r.end(t, r.take(t, at(state.Place{Account: "a", Group: "g", Model: "m", Rates: p.Rates, Tokens: 10})))
}

// budgetsAreCorrected corrects what is reserved of budgets before the end, down
// alone, in the window in which it was reserved.
func budgetsAreCorrected(t *testing.T, r *Rig) {
	ends := r.Now().Add(time.Minute)
	want := func(tokens int64) *state.Want {
		return &state.Want{Tenant: &state.TenantWant{Name: "t", Slots: 9, Budgets: []state.Budget{
			{Name: "requests/minute", Ends: ends, Limit: 100, Amount: 1},
			{Name: "tokens/minute", Ends: ends, Limit: 100, Amount: tokens},
		}}}
	}
	has := func(when string, used int64) {
		t.Helper()
		got := r.take(t, want(101-used))
		if got.Tenant != "tokens/minute" {
			t.Errorf("%s: fewer than %d are used", when, used)
		}
		got = r.take(t, want(100-used))
		if got.Tenant != "" {
			t.Errorf("%s: more than %d are used", when, used)
			return
		}
		r.settle(t, state.Settlement{Receipt: got.Receipt, Unsent: true})
	}
	taken := r.take(t, want(80))
	receipt := r.correct(t, state.Correction{Receipt: taken.Receipt, Tokens: 5, Amounts: []int64{1, 30}})
	has("down", 30)
	receipt = r.correct(t, state.Correction{Receipt: receipt, Tokens: 5, Amounts: []int64{1, 30}})
	has("twice is once", 30)
	receipt = r.correct(t, state.Correction{Receipt: receipt, Tokens: 5, Amounts: []int64{2, 50}})
	has("not up", 30)
	if got := taken.Receipt.Budgets[1].Amount; got != 80 {
		t.Errorf("the want was changed to %d", got)
	}
	r.settle(t, state.Settlement{Receipt: receipt, Tokens: 5, Used: []int64{1, 45}})
	has("the end tells the rest", 45)

	old := r.take(t, want(40))
	r.Sleep(2 * time.Minute)
	for range 2 { // the second one makes the store forget the first window
		ends = ends.Add(time.Minute)
		r.settle(t, state.Settlement{Receipt: r.take(t, want(0)).Receipt, Unsent: true})
	}
	has("a new window", 0)
	receipt = r.correct(t, state.Correction{Receipt: old.Receipt, Amounts: []int64{1, 10}})
	has("the window is over", 0)
	r.settle(t, state.Settlement{Receipt: receipt, Tokens: 5, Used: []int64{1, 45}})
	has("so it is at the end", 0)
}
