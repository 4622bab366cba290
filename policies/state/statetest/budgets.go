package statetest

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heald-proxy/heald/policies/state"
)

func budgets(t *testing.T, r *Rig) {
	ends := r.Now().Add(time.Hour)
	want := func(tokens int64) *state.Want {
		return &state.Want{Tenant: &state.TenantWant{Name: "t", Budgets: []state.Budget{
			{Name: "requests/hour", Ends: ends, Limit: 100, Amount: 1},
			{Name: "tokens/hour", Ends: ends, Limit: 1000, Amount: tokens},
		}}}
	}
	one := r.take(t, want(600))
	if got := r.take(t, want(500)); got.Tenant != "tokens/hour" || !got.TenantReady.Equal(ends) {
		t.Fatalf("1100 of 1000: %+v", got)
	}
	r.settle(t, state.Settlement{Receipt: one.Receipt, Tokens: -1, Used: []int64{1, 200}})
	two := r.until(t, want(800)) // 200 used, 800 reserved
	if got := r.take(t, want(0)); got.Tenant != "tokens/hour" {
		t.Fatalf("nothing is left, even for what costs nothing: %+v", got)
	}
	r.settle(t, state.Settlement{Receipt: two.Receipt, Unsent: true})
	r.end(t, r.until(t, want(700))) // not known: 700 stand
	if got := r.take(t, want(101)); got.Tenant != "tokens/hour" {
		t.Fatalf("1001 of 1000: %+v", got)
	}
	r.end(t, r.take(t, want(100)))

	none := &state.Want{Tenant: &state.TenantWant{Name: "u", Budgets: []state.Budget{{Name: "money/day", Ends: ends}}}}
	if got := r.take(t, none); got.Tenant != "money/day" {
		t.Fatalf("a limit of 0 lets nothing pass: %+v", got)
	}
}

func budgetEnds(t *testing.T, r *Rig) {
	ends := r.Now().Add(time.Minute)
	want := &state.Want{Tenant: &state.TenantWant{Name: "t", Budgets: []state.Budget{{Name: "b", Ends: ends, Limit: 10, Amount: 10}}}}
	old := r.take(t, want)
	if got := r.take(t, want); got.Tenant != "b" {
		t.Fatalf("spent: %+v", got)
	}
	r.Sleep(time.Minute + time.Millisecond)
	next := &state.Want{Tenant: &state.TenantWant{Name: "t", Budgets: []state.Budget{{Name: "b", Ends: ends.Add(time.Minute), Limit: 10, Amount: 6}}}}
	running := r.take(t, next)
	if running.Tenant != "" {
		t.Fatalf("a new window: %+v", running)
	}
	// What began in the old window is settled there.
	r.settle(t, state.Settlement{Receipt: old.Receipt, Tokens: -1, Used: []int64{3}})
	r.Sleep(50 * time.Millisecond)
	if got := r.take(t, next); got.Tenant != "b" {
		t.Fatalf("the old window's settlement changed the running one: %+v", got)
	}
	// A replica whose clock is late still asks for the old one.
	late := &state.Want{Tenant: &state.TenantWant{Name: "t", Budgets: []state.Budget{{Name: "b", Ends: ends, Limit: 10, Amount: 8}}}}
	if got := r.take(t, late); got.Tenant != "b" {
		t.Fatalf("3 used and 8 more of 10: %+v", got)
	}
	r.end(t, running)
}

// neverNegative plays random takes and ends, also repeated ends, and checks
// what is left over: at rest nothing is in use, and budgets hold what was used.
func neverNegative(t *testing.T, r *Rig) {
	rapid.Check(plain{t}, func(p *rapid.T) {
		tenant := &state.TenantWant{Name: "t" + rapid.StringMatching(`[a-z0-9]{12}`).Draw(p, "tenant"), Slots: 3}
		ends := r.Now().Add(time.Hour)
		var open []state.Taken
		var spent int64
		end := func(taken state.Taken, u int64) {
			s := state.Settlement{Receipt: taken.Receipt, Tokens: u, Used: []int64{u}}
			if u < 0 {
				s = state.Settlement{Receipt: taken.Receipt, Unsent: true}
			}
			spent += max(u, 0)
			r.settle(t, s)
		}
		for range rapid.IntRange(1, 12).Draw(p, "steps") {
			amount := rapid.Int64Range(1, 50).Draw(p, "amount")
			tenant.Budgets = []state.Budget{{Name: "b", Ends: ends, Limit: 1 << 40, Amount: amount}}
			want := *tenant
			taken := r.take(t, &state.Want{Tenant: &want, Places: []state.Place{
				{Account: "x", Slots: 2, Group: "g" + tenant.Name, Model: "m", Tokens: amount}, {Account: "y", Slots: 1}}})
			if taken.Place >= 0 {
				open = append(open, taken)
			} else if len(open) == 0 {
				p.Skip("slots of the last round are still on their way back")
			}
			for len(open) > 0 && rapid.Bool().Draw(p, "end") {
				end(open[0], rapid.Int64Range(-1, 60).Draw(p, "used"))
				open = open[1:]
			}
		}
		for _, taken := range open {
			end(taken, rapid.Int64Range(-1, 60).Draw(p, "used"))
		}
		r.eventually(t, "none in use", func(s *state.Snapshot) bool {
			for account, n := range s.InUse {
				if n < 0 {
					p.Fatalf("%s: %d in use", account, n)
				}
			}
			return s.InUse["x"]+s.InUse["y"] == 0
		})
		probe := func(left int64) state.Taken {
			return r.take(t, &state.Want{Tenant: &state.TenantWant{Name: tenant.Name, Slots: 3, Budgets: []state.Budget{{Name: "b", Ends: ends, Limit: spent + left, Amount: left}}}})
		}
		// The budget is what was used, no more and no less.
		all := probe(1)
		if all.Tenant != "" {
			p.Fatalf("more than %d spent: %+v", spent, all)
		}
		if over := r.take(t, &state.Want{Tenant: &state.TenantWant{Name: tenant.Name, Budgets: []state.Budget{{Name: "b", Ends: ends, Limit: spent + 1, Amount: 1}}}}); over.Tenant != "b" {
			p.Fatalf("less than %d spent: %+v", spent, over)
		}
		r.end(t, all)
	})
}

func service(t *testing.T, r *Rig) {
	want := &state.Want{Tenant: &state.TenantWant{Name: "t", Slots: 1}}
	for i := range 3 {
		taken := r.until(t, want)
		if taken.Service != int64(i*70) {
			t.Fatalf("service after %d: %d", i, taken.Service)
		}
		r.settle(t, state.Settlement{Receipt: taken.Receipt, Tokens: -1, Service: 70})
	}
}
