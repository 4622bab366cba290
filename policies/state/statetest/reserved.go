package statetest

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heald-proxy/heald/policies/state"
)

// reservedIsTold fills a budget with attempts under way, and with what was used: the
// refusal tells which of them leaves no room.
func reservedIsTold(t *testing.T, r *Rig) {
	ends := r.Now().Add(time.Hour)
	want := func(requests, tokens int64) *state.Want {
		return &state.Want{Tenant: &state.TenantWant{Name: "t", Budgets: []state.Budget{
			{Name: "requests", Ends: ends, Limit: requests, Amount: 1},
			{Name: "tokens", Ends: ends, Limit: 100, Amount: tokens},
		}}}
	}
	refused := func(when string, w *state.Want, budget string, reserved bool) {
		t.Helper()
		got := r.take(t, w)
		if got.Tenant != budget || got.Reserved != reserved || !got.TenantReady.Equal(ends) {
			t.Errorf("%s: %+v; want %s, reserved %v", when, got, budget, reserved)
		}
	}
	refused("more than the limit", want(9, 101), "tokens", false)
	one := r.take(t, want(9, 60))
	refused("60 of 100 are reserved", want(9, 50), "tokens", true)
	refused("more than the limit beside them", want(9, 101), "tokens", false)
	refused("both are reserved: the first is named", want(1, 50), "requests", true)
	refused("one budget lets nothing pass", want(1, 101), "tokens", false)
	r.settle(t, state.Settlement{Receipt: one.Receipt, Tokens: -1, Used: []int64{1, 30}})
	two := r.take(t, want(9, 70)) // 30 used, 70 reserved
	refused("30 are used", want(9, 70), "tokens", true)
	refused("30 are used", want(9, 71), "tokens", false)
	refused("nothing is left, even for what costs nothing", want(9, 0), "tokens", true)
	r.end(t, two) // not known: 70 stand
	refused("100 are used", want(9, 1), "tokens", false)

	slot := &state.Want{Tenant: &state.TenantWant{Name: "u", Slots: 1, Budgets: []state.Budget{{Name: "requests", Ends: ends, Limit: 1, Amount: 1}}}}
	three := r.take(t, slot)
	if got := r.take(t, slot); got.Tenant != state.TenantSlots || got.Reserved {
		t.Errorf("slots: %+v", got)
	}
	r.settle(t, state.Settlement{Receipt: three.Receipt, Unsent: true})
	r.end(t, r.until(t, slot))
}

// reservedIsUnderWay plays random takes, corrections and ends, some of them in the next window
// and some whose answer is lost. After each step a budget holds what was used and
// what is reserved for attempts under way, to the unit: so what is reserved is
// never negative, and 0 at rest.
func reservedIsUnderWay(t *testing.T, r *Rig) {
	rapid.Check(plain{t}, func(p *rapid.T) {
		name := "t" + rapid.StringMatching(`[a-z0-9]{12}`).Draw(p, "tenant")
		ends := r.Now().Add(time.Hour)
		want := func(limit, amount int64) *state.Want {
			return &state.Want{Tenant: &state.TenantWant{Name: name, Budgets: []state.Budget{{Name: "tokens/month", Ends: ends, Limit: limit, Amount: amount}}}}
		}
		const unlimited = 1 << 40
		total := make(map[time.Time]int64) // of each window
		var open []state.Taken
		exact := func(what string) {
			t.Helper()
			has := total[ends]
			if got := r.take(t, want(has, 0)); got.Tenant == "" {
				p.Fatalf("%s: less than %d of the budget are taken", what, has)
			}
			got := r.take(t, want(has+1, 1))
			if got.Tenant != "" {
				p.Fatalf("%s: more than %d of the budget are taken", what, has)
			}
			r.settle(t, state.Settlement{Receipt: got.Receipt, Unsent: true})
		}
		end := func() {
			taken := open[0]
			open = open[1:]
			b := taken.Receipt.Budgets[0]
			s := state.Settlement{Receipt: taken.Receipt, Tokens: -1}
			switch rapid.IntRange(0, 2).Draw(p, "end") {
			case 0:
				s.Unsent = true
				total[b.Ends] -= b.Amount
			case 1:
				used := rapid.Int64Range(0, 60).Draw(p, "used")
				s.Used = []int64{used}
				total[b.Ends] += used - b.Amount
			} // else it is unknown, and the reservation counts as used
			r.settle(t, s)
		}
		moved := false
		for range rapid.IntRange(1, 12).Draw(p, "steps") {
			amount := rapid.Int64Range(1, 50).Draw(p, "amount")
			switch step := rapid.IntRange(0, 9).Draw(p, "step"); {
			case step < 4:
				taken := r.take(t, want(unlimited, amount))
				if taken.Tenant != "" {
					p.Fatalf("refused: %+v", taken)
				}
				total[ends] += amount
				open = append(open, taken)
			case step < 6 && len(open) > 0:
				end()
			case step < 7 && len(open) > 0:
				i := rapid.IntRange(0, len(open)-1).Draw(p, "which")
				from := open[i].Receipt
				open[i].Receipt = r.correct(t, state.Correction{Receipt: from, Amounts: []int64{amount}})
				total[from.Budgets[0].Ends] += min(amount-from.Budgets[0].Amount, 0)
			case step < 9 && r.Lose != nil:
				r.Lose(want(unlimited, amount))
			case !moved: // the one before is still settled
				moved, ends = true, ends.Add(time.Hour)
			}
			exact("under way")
		}
		for len(open) > 0 {
			end()
		}
		exact("at rest")
	})
}
