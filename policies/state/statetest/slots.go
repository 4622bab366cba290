package statetest

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/heald-proxy/heald/policies/state"
)

func slotsAreExact(t *testing.T, r *Rig) {
	want := at(state.Place{Account: "a", Slots: 2})
	one, two := r.take(t, want), r.take(t, want)
	if one.Place != 0 || two.Place != 0 {
		t.Fatalf("the two slots were refused: %+v, %+v", one, two)
	}
	if got := r.take(t, want); got.Place != -1 || len(got.Full) != 1 || got.Full[0] != (state.Full{Limit: "slots"}) {
		t.Fatalf("a third slot: %+v", got)
	}
	r.eventually(t, "two in use", func(s *state.Snapshot) bool { return s.InUse["a"] == 2 })
	r.end(t, one)
	r.end(t, r.until(t, want))
	r.end(t, two)
	r.eventually(t, "none in use", func(s *state.Snapshot) bool { return s.InUse["a"] == 0 })
}

func slotsHoldAmongMany(t *testing.T, r *Rig) {
	const slots, callers, calls = 5, 20, 20
	var inUse, most, admitted atomic.Int64
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range calls {
				taken, err := r.Store.Take(t.Context(), at(state.Place{Account: "a", Slots: slots, Group: "g", Model: "m"}))
				if err != nil {
					t.Error(err)
					return
				}
				if taken.Place < 0 {
					continue
				}
				admitted.Add(1)
				n := inUse.Add(1)
				for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
				}
				inUse.Add(-1) // before the slot is given back, so that the count is never too high
				if err := r.Store.Settle(t.Context(), state.Settlement{Receipt: taken.Receipt, Tokens: -1}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if most.Load() > slots || admitted.Load() == 0 {
		t.Errorf("%d of %d slots in use at once, %d admitted", most.Load(), slots, admitted.Load())
	}
	r.eventually(t, "none in use", func(s *state.Snapshot) bool { return s.InUse["a"] == 0 })
}

func tenantSlotsAreExact(t *testing.T, r *Rig) {
	want := &state.Want{Tenant: &state.TenantWant{Name: "t", Slots: 1}}
	one := r.take(t, want)
	if one.Tenant != "" || one.Place != -1 || !one.Receipt.Slot {
		t.Fatalf("the tenant's only slot: %+v", one)
	}
	if got := r.take(t, want); got.Tenant != state.TenantSlots || !got.TenantReady.IsZero() {
		t.Fatalf("a second slot: %+v", got)
	}
	other := &state.Want{Tenant: &state.TenantWant{Name: "u", Slots: 1}}
	r.end(t, r.take(t, other))
	r.end(t, one)
	r.end(t, r.until(t, want))
}

func firstPlaceWithRoom(t *testing.T, r *Rig) {
	want := &state.Want{Places: []state.Place{
		{Account: "a", Slots: 1},
		{Account: "b", Slots: 9, Group: "g", Model: "m", Rates: state.Rates{Requests: 1}},
		{Account: "c"},
	}}
	var ends []state.Taken
	for i, place := range []int{0, 1, 2, 2} {
		got := r.take(t, want)
		if got.Place != place || len(got.Full) != place {
			t.Fatalf("take %d: %+v, want place %d", i, got, place)
		}
		if place == 2 && (got.Full[0].Limit != "slots" || got.Full[1].Limit != "rpm") {
			t.Fatalf("take %d: full %+v", i, got.Full)
		}
		if got.Receipt.Place == nil || got.Receipt.Place.Account != want.Places[place].Account {
			t.Fatalf("take %d: receipt %+v", i, got.Receipt)
		}
		ends = append(ends, got)
	}
	for _, taken := range ends {
		r.end(t, taken)
	}
	r.eventually(t, "none in use", func(s *state.Snapshot) bool { return s.InUse["a"]+s.InUse["b"]+s.InUse["c"] == 0 })
}

func bothOrNothing(t *testing.T, r *Rig) {
	ends := r.Now().Add(1e12)
	want := func(tenantSlots, accountSlots int) *state.Want {
		return &state.Want{
			Tenant: &state.TenantWant{Name: "t", Slots: tenantSlots, Budgets: []state.Budget{{Name: "requests", Ends: ends, Limit: 2, Amount: 1}}},
			Places: []state.Place{{Account: "a", Slots: accountSlots, Group: "g", Model: "m", Tokens: 10, DayEnds: ends}},
		}
	}
	held := r.take(t, want(1, 1))
	if held.Place != 0 {
		t.Fatalf("refused: %+v", held)
	}
	for range 3 { // the tenant has no slot: nothing of the account
		if got := r.take(t, want(1, 9)); got.Tenant != state.TenantSlots || got.Place != -1 {
			t.Fatalf("the tenant was not refused: %+v", got)
		}
	}
	for range 3 { // the account has no slot: nothing of the tenant
		if got := r.take(t, want(9, 1)); got.Tenant != "" || got.Place != -1 || got.Full[0].Limit != "slots" {
			t.Fatalf("the account was not refused: %+v", got)
		}
	}
	s := r.eventually(t, "one slot and one request", func(s *state.Snapshot) bool {
		l := s.Load[state.GroupModel{Group: "g", Model: "m"}]
		return s.InUse["a"] == 1 && l.Requests == 1
	})
	if l := s.Load[state.GroupModel{Group: "g", Model: "m"}]; l.Tokens != 10 || l.Day != 1 {
		t.Errorf("refused attempts left something: %+v", l)
	}
	second := r.take(t, want(9, 9)) // the budget has one left
	if second.Place != 0 {
		t.Fatalf("refused attempts took of the budget: %+v", second)
	}
	if got := r.take(t, want(9, 9)); got.Tenant != "requests" || !got.TenantReady.Equal(ends) {
		t.Fatalf("the budget is spent: %+v", got)
	}
	r.end(t, held)
	r.end(t, second)
	r.eventually(t, "none in use", func(s *state.Snapshot) bool { return s.InUse["a"] == 0 })
}
