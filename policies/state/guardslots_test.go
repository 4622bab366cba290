package state_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
)

// pair are two guards over one shared store.
func pair() (guards [2]*state.Guard, remotes [2]*remote, shared *memory.Store) {
	shared = memory.New()
	for i := range guards {
		remotes[i] = &remote{Store: shared, replicas: 2}
		guards[i] = state.NewGuard(remotes[i], memory.New(), state.GuardConfig{})
	}
	return guards, remotes, shared
}

func settle(t *testing.T, g *state.Guard, ended ...state.Taken) {
	t.Helper()
	for _, taken := range ended {
		if err := g.Settle(t.Context(), state.Settlement{Receipt: taken.Receipt, Tokens: -1}); err != nil {
			t.Fatal(err)
		}
	}
}

// fill takes at an account until it is full.
func fill(t *testing.T, g *state.Guard, want *state.Want) (held []state.Taken) {
	t.Helper()
	for {
		taken := take(t, g, want)
		if taken.Place < 0 {
			return held
		}
		held = append(held, taken)
	}
}

// What others have begun since this replica last saw the store is not free,
// where the account is in use; an unused one is shared at once.
func TestGuardLeavesRoomForWhatHasBegun(t *testing.T) {
	for _, c := range []struct{ seen, begun, want int }{{4, 2, 0}, {0, 0, 3}} {
		synctest.Test(t, func(t *testing.T) {
			guards, remotes, _ := pair()
			want := at(state.Place{Account: "a", Slots: 6})
			var held []state.Taken
			for range c.seen {
				held = append(held, take(t, guards[1], want))
			}
			time.Sleep(state.SnapshotAge)
			if _, err := guards[0].Snapshot(t.Context()); err != nil {
				t.Fatal(err)
			}
			for range c.begun {
				held = append(held, take(t, guards[1], want))
			}
			goDown(t, guards[0], remotes[0])
			own := fill(t, guards[0], want)
			if len(own) != c.want {
				t.Errorf("%d slots of 6 are in use elsewhere, %d of them seen: it takes %d, want %d", c.seen+c.begun, c.seen, len(own), c.want)
			}
			settle(t, guards[0], own...)
			settle(t, guards[1], held...)
			for i, g := range guards {
				remotes[i].silent.Store(false)
				_ = g.Close()
			}
		})
	}
}

// Where all slots are taken and the store goes, each replica goes on at once
// with those that it held. The store does not give them to replicas that reach
// it.
func TestGuardsGoOnWithWhatTheyHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		guards, remotes, shared := pair()
		want := at(state.Place{Account: "a", Slots: 6})
		var held [2][]state.Taken
		for i, n := range []int{4, 2} {
			for range n {
				held[i] = append(held[i], take(t, guards[i], want))
			}
		}
		time.Sleep(state.SnapshotAge)
		for i, g := range guards {
			if _, err := g.Snapshot(t.Context()); err != nil {
				t.Fatal(err)
			}
			goDown(t, g, remotes[i])
		}
		others := func(when string, most int) {
			t.Helper()
			got := 0
			for ; ; got++ {
				taken, err := shared.Take(t.Context(), want)
				if err != nil {
					t.Fatal(err)
				}
				if taken.Place < 0 {
					break
				}
				defer func() { _ = shared.Settle(t.Context(), state.Settlement{Receipt: taken.Receipt}) }()
			}
			if got != most {
				t.Fatalf("%s: another replica got %d slots of the store, want %d", when, got, most)
			}
		}
		for round := range 3 {
			for i, part := range []int{3, 2} { // a half of 6, but no more than was held
				settle(t, guards[i], held[i]...)
				if held[i] = fill(t, guards[i], want); len(held[i]) != part {
					t.Errorf("round %d: replica %d has %d attempts, want %d", round, i, len(held[i]), part)
				}
			}
			others("while both are alone", 0)
		}
		for i, g := range guards {
			settle(t, g, held[i]...)
			remotes[i].silent.Store(false)
		}
		time.Sleep(2 * time.Minute)
		if n := len(fill(t, guards[0], want)); n != 6 {
			t.Errorf("%d of 6 slots are free at the end", n)
		}
		for _, g := range guards {
			if err := g.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// Ends while a replica is alone are also told to the store when the process
// ends.
func TestGuardClosesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &remote{Store: memory.New()}
		g := state.NewGuard(r, memory.New(), state.GuardConfig{})
		held := take(t, g, at(state.Place{Account: "a", Slots: 1}))
		goDown(t, g, r)
		settle(t, g, held)
		if len(r.settled) != 0 {
			t.Errorf("the store was told while it is down: %+v", r.settled)
		}
		if err := g.Close(); err != nil || len(r.settled) != 1 {
			t.Errorf("the store was told of %d settlements, %v", len(r.settled), err)
		}
	})
}

// An end after one miss is told to the store soon, even without other calls.
func TestGuardTellsAfterOneMiss(t *testing.T) {
	bubble(t, state.GuardConfig{}, func(t *testing.T, g *state.Guard, r *remote) {
		want := at(state.Place{Account: "a", Slots: 3})
		held := fill(t, g, want)
		r.silent.Store(true)
		take(t, g, &state.Want{})
		settle(t, g, held[0])
		if taken, _ := r.Store.Take(t.Context(), want); taken.Place >= 0 {
			t.Error("a slot that this replica may use again was given to another")
		}
		r.silent.Store(false)
		if len(held) != 3 {
			t.Errorf("%d of 3 slots", len(held))
		}
		time.Sleep(2 * time.Second)
		settle(t, g, held[1])
		time.Sleep(2 * time.Second)
		for i := range 2 {
			if taken, err := r.Store.Take(t.Context(), want); err != nil || taken.Place < 0 {
				t.Errorf("slot %d is not back: %+v, %v", i, taken, err)
			}
		}
		settle(t, g, held[2])
	})
}

// A replica that is refused when it says what it holds, but was perhaps heard,
// keeps no more than that: the others may have the rest by now.
func TestGuardKeepsLessAfterRejoiningInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		guards, remotes, _ := pair()
		for _, g := range guards {
			defer g.Close()
		}
		g, r := guards[0], remotes[0]
		want := at(state.Place{Account: "a", Slots: 4})
		look := func() {
			t.Helper()
			time.Sleep(time.Second)
			if _, err := g.Snapshot(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		look()
		goDown(t, g, r)
		first := fill(t, g, want) // by itself: half of what is free
		r.silent.Store(false)
		time.Sleep(2 * time.Second)
		for { // another replica has the rest
			if taken, err := r.Store.Take(t.Context(), want); err != nil || taken.Place < 0 {
				break
			}
		}
		look()
		goDown(t, g, r)
		settle(t, g, first[0])
		if again := fill(t, g, want); len(first) != 2 || len(again) != 1 {
			t.Fatalf("%d, then %d attempts, want 2 and 1", len(first), len(again))
		} else {
			settle(t, g, again[0])
		}
		r.inVain.Store(true)
		r.silent.Store(false)
		time.Sleep(5 * time.Second)
		if got := fill(t, g, want); len(got) != 0 {
			t.Errorf("%d more attempts; the store may have been told that one goes on", len(got))
		}
	})
}

// Calls that are under way in one hiccup of the store are one miss, however many
// they are; those that begin afterwards are the next.
func TestGuardCountsAHiccupOnce(t *testing.T) {
	bubble(t, state.GuardConfig{}, func(t *testing.T, g *state.Guard, r *remote) {
		want := at(state.Place{Account: "a"})
		burst := func() {
			done := make(chan error)
			const calls = 20
			for range calls {
				go func() {
					_, err := g.Take(t.Context(), want)
					done <- err
				}()
				time.Sleep(time.Millisecond)
			}
			for range calls {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
		}
		r.silent.Store(true)
		burst()
		r.silent.Store(false)
		if taken := take(t, g, want); taken.Local {
			t.Error("one hiccup, and this replica works by itself")
		}
		r.silent.Store(true)
		for range 3 {
			if !g.Status().Up {
				t.Error("fewer than three misses, and this replica works by itself")
			}
			burst()
		}
		if g.Status().Up {
			t.Error("three misses one after the other, and the store is thought to be up")
		}
	})
}
