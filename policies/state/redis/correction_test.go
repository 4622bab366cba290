package redis

import (
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// correct corrects what is reserved of the budget to 100. If it is lost, it
// does not arrive, and that is unknown.
func (b *budgeted) correct(s *Store, r state.Receipt, lost bool) state.Receipt {
	b.t.Helper()
	c := state.Correction{Receipt: r, Tokens: -1, Amounts: []int64{100}}
	if lost {
		out, _ := c.Corrected()
		s.reserved.correcting("t", lowered(&r, &out))
		s.reserved.corrected("t", lowered(&r, &out))
		return out
	}
	out, err := s.Correct(b.t.Context(), c)
	if err != nil {
		b.t.Fatal(err)
	}
	s.waiting.Wait()
	return out
}

// What a correction was to give back that is lost, the next heartbeat gives back,
// whether the attempt has ended by then or not; and what was used stays used.
func TestLostCorrection(t *testing.T) {
	b := newBudgeted(t)
	s := b.open()
	r := b.correct(s, b.take(s, 300), true)
	b.has(s, "lost", 300, 300)
	b.beat(s)
	b.has(s, "after the heartbeat", 100, 100)
	b.settle(s, r, 70)
	b.has(s, "at the end", 70, 0)

	b.settle(s, b.correct(s, b.take(s, 300), true), 80) // before a heartbeat
	b.beat(s)
	b.has(s, "the end came first", 150, 0)

	r = b.correct(s, b.take(s, 300), true)
	s.forget(&state.Settlement{Receipt: r, Used: []int64{60}})
	b.beat(s)
	b.has(s, "the end was lost as well: what was reserved last counts", 250, 0)

	r = b.correct(s, b.take(s, 300), false)
	b.beat(s)
	b.has(s, "arrived", 350, 100)
	b.settle(s, r, 1)
	b.beat(s)
	b.has(s, "at rest", 251, 0)
	if n := len(s.reserved.tenants); n > 0 {
		t.Errorf("%d tenants are remembered of whom nothing is reserved", n)
	}
}

// A correction that finds the queue full is not made, and the receipt says so.
func TestCorrectionWithoutRoom(t *testing.T) {
	s := &Store{} // its queue is not read
	budgets := []state.Budget{{Name: "b", Ends: time.Now().Add(time.Hour), Limit: 9, Amount: 9}}
	s.reserved.taking("t", budgets)
	s.reserved.took("t", budgets, true)
	c := state.Correction{Receipt: state.Receipt{Tenant: "t", Budgets: budgets}, Tokens: -1, Amounts: []int64{2}}
	got, err := s.Correct(t.Context(), c)
	if err != nil || got.Budgets[0].Amount != 9 {
		t.Errorf("%+v, %v", got, err)
	}
	if has := s.reserved.statement("t")[windowOf(&budgets[0])]; has.amount != 9 || has.takesFlying != 0 {
		t.Errorf("%+v", has)
	}
}
