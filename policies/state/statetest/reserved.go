package statetest

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heald-proxy/heald/policies/state"
)

// reservedIsUnderWay plays random takes and ends, some of them in the next window
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
			} // else it is not known, and the reservation counts as used
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
			case step < 7 && len(open) > 0:
				end()
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
