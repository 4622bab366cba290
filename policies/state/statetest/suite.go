package statetest

import (
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// Rig is a store under test, and its clock.
type Rig struct {
	Store state.Store
	// Now is the store's time.
	Now func() time.Time
	// Sleep lets the store's time pass.
	Sleep func(time.Duration)
	// Lose takes without learning the answer, and lets the store find that out;
	// nil if answers cannot be lost.
	Lose func(want *state.Want)
	// Settled waits until the store has been told of all settlements; nil if
	// Settle does.
	Settled func()
}

// Opener calls test with an empty store, in the environment that it needs.
type Opener func(t *testing.T, test func(t *testing.T, r *Rig))

// Run runs the suite.
func Run(t *testing.T, open Opener) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *Rig)
	}{
		{"slots of an account are exact", slotsAreExact},
		{"slots hold among many callers", slotsHoldAmongMany},
		{"slots of a tenant are exact", tenantSlotsAreExact},
		{"the first place with room is taken", firstPlaceWithRoom},
		{"both or nothing", bothOrNothing},
		{"rates hold in any 60 seconds", ratesHold},
		{"a full rate tells when it has room", ratesTellWhen},
		{"those of one second leave the minute together", secondsLeaveTogether},
		{"the day's requests", dayOfRequests},
		{"settle corrects tokens", settleCorrectsTokens},
		{"a prompt's tokens are corrected", promptIsCorrected},
		{"a correction of a second that is over", correctedLate},
		{"budgets are corrected downwards", budgetsAreCorrected},
		{"budgets are reserved, then settled", budgets},
		{"a budget's window ends", budgetEnds},
		{"what budgets have used is told", usedBudgets},
		{"nothing is negative, and 0 at rest", neverNegative},
		{"what is reserved is what is under way", reservedIsUnderWay},
		{"what is only reserved is told from what is used", reservedIsTold},
		{"service adds up", service},
		{"documents change by compare and swap", documents},
		{"documents end", documentsEnd},
		{"values end", valuesEnd},
		{"values belong to a tenant", valuesBelong},
		{"counters", counters},
		{"a canceled context", canceled},
	} {
		t.Run(c.name, func(t *testing.T) { open(t, c.test) })
	}
}

// take takes, and fails the test on an error.
func (r *Rig) take(t testing.TB, want *state.Want) state.Taken {
	t.Helper()
	taken, err := r.Store.Take(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	return taken
}

// settle ends what was taken, and waits until that has arrived.
func (r *Rig) settle(t testing.TB, ended ...state.Settlement) {
	t.Helper()
	if err := r.Store.Settle(t.Context(), ended...); err != nil {
		t.Fatal(err)
	}
	if r.Settled != nil {
		r.Settled()
	}
}

// correct corrects what is reserved, and waits until that has arrived.
func (r *Rig) correct(t testing.TB, c state.Correction) state.Receipt {
	t.Helper()
	receipt, err := r.Store.Correct(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if r.Settled != nil {
		r.Settled()
	}
	return receipt
}

// end settles with what was reserved.
func (r *Rig) end(t testing.TB, taken state.Taken) {
	t.Helper()
	r.settle(t, state.Settlement{Receipt: taken.Receipt, Tokens: -1})
}

// at takes at one place, without a tenant.
func at(p state.Place) *state.Want { return &state.Want{Places: []state.Place{p}} }

// eventually waits until a snapshot fits: settlements may arrive late, and
// snapshots be old. It returns the last one.
func (r *Rig) eventually(t testing.TB, what string, fits func(*state.Snapshot) bool) *state.Snapshot {
	t.Helper()
	var last *state.Snapshot
	for range 200 {
		var err error
		if last, err = r.Store.Snapshot(t.Context()); err != nil {
			t.Fatal(err)
		}
		if fits(last) {
			return last
		}
		r.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%s: never so; in use %v, load %v, docs %q", what, last.InUse, last.Load, last.Docs)
	return nil
}

// until takes again until it is not refused: a settlement may arrive late.
func (r *Rig) until(t testing.TB, want *state.Want) state.Taken {
	t.Helper()
	for range 200 {
		if taken := r.take(t, want); taken.Tenant == "" && (taken.Place >= 0 || len(want.Places) == 0) {
			return taken
		}
		r.Sleep(time.Millisecond)
	}
	t.Fatal("refused for ever")
	return state.Taken{}
}

// plain hides a test's deadline, which rapid would ask for and which must not be
// asked for in virtual time.
type plain struct{ testing.TB }
