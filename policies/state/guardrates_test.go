package state_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
)

// together are three guards over one shared store.
func together() (guards [3]*state.Guard, remotes [3]*remote) {
	shared := memory.New()
	for i := range guards {
		remotes[i] = &remote{Store: shared, replicas: 3}
		guards[i] = state.NewGuard(remotes[i], memory.New(), state.GuardConfig{})
	}
	return guards, remotes
}

// send takes until there is no room, at most so often, and returns how often there
// was.
func send(t *testing.T, g *state.Guard, p state.Place, most int) (n int) {
	t.Helper()
	for n < most {
		taken := take(t, g, at(p))
		if taken.Place < 0 {
			if taken.Full[0].In <= 0 {
				t.Fatalf("refused without saying for how long: %+v", taken.Full)
			}
			break
		}
		n++
		if err := g.Settle(t.Context(), state.Settlement{Receipt: taken.Receipt, Tokens: -1}); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// Replicas that lose their store stay within a limit together: at first with what
// was sent before, unevenly, and then each with its part. When the store is back it
// does not know what was sent meanwhile, and they still do.
func TestGuardsKeepRatesTogether(t *testing.T) {
	for name, c := range map[string]struct {
		rates state.Rates
		unit  int64 // of the limit, for each request
	}{
		"requests": {state.Rates{Requests: 30}, 1},
		"tokens":   {state.Rates{Tokens: 3000}, 100},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				guards, remotes := together()
				for _, g := range guards {
					defer g.Close()
				}
				place := state.Place{Account: "a", Group: "g", Model: "m", Rates: c.rates, Tokens: 100}
				for i, n := range []int{20, 4, 0} {
					if got := send(t, guards[i], place, n); got != n {
						t.Fatalf("%d were sent, want %d", got, n)
					}
				}
				time.Sleep(state.SnapshotAge)
				for i, g := range guards {
					if _, err := g.Snapshot(t.Context()); err != nil {
						t.Fatal(err)
					}
					remotes[i].silent.Store(true)
				}
				all := func() (n int) {
					for _, g := range guards {
						n += send(t, g, place, 100)
					}
					return n
				}
				if got := all(); got != 4 {
					t.Errorf("%d were sent by replicas on their own, want 2 by two of them: 6 were left of 30, and the third has used its part", got)
				}
				time.Sleep(minuteAndMore)
				if got := all(); got != 30 {
					t.Errorf("%d were sent a minute later, want 10 by each of three", got)
				}
				for _, r := range remotes {
					r.silent.Store(false)
				}
				// They ask again a minute later at the latest; they work by themselves
				// until then.
				for began := time.Now(); time.Since(began) < 50*time.Second; time.Sleep(time.Second) {
					if got := all(); got != 0 {
						t.Fatalf("%d more were sent after %v", got, time.Since(began))
					}
				}
				time.Sleep(minuteAndMore)
				if got := all(); got > 30 {
					t.Errorf("%d were sent, limit 30", got)
				}
				time.Sleep(2 * time.Minute)
				if got := send(t, guards[0], place, 100); got != 30 {
					t.Errorf("%d were sent by one replica long after the store is back, want 30: the others want nothing", got)
				}
			})
		})
	}
}

const minuteAndMore = state.Minute + time.Second

// What of a day is left is shared as well: the part is of the rest, not of the
// whole.
func TestGuardsKeepTheDayTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		guards, remotes := together()
		for _, g := range guards {
			defer g.Close()
		}
		ends := time.Now().Add(10 * time.Hour)
		place := state.Place{Account: "a", Group: "g", Model: "m", Rates: state.Rates{Day: 60}, DayEnds: ends}
		send(t, guards[0], place, 45)
		time.Sleep(state.SnapshotAge)
		for i, g := range guards {
			if _, err := g.Snapshot(t.Context()); err != nil {
				t.Fatal(err)
			}
			remotes[i].silent.Store(true)
		}
		for i, g := range guards {
			if got := send(t, g, place, 100); got != 5 {
				t.Errorf("replica %d: %d, want a third of the 15 that are left", i, got)
			}
		}
		time.Sleep(time.Until(ends) + time.Second)
		place.DayEnds = ends.Add(24 * time.Hour)
		if got := send(t, guards[1], place, 100); got != 20 {
			t.Errorf("%d on the next day, want a third of it", got)
		}
	})
}

// A request that is larger than a replica's part of a minute's tokens takes all of
// them; it would never be sent otherwise.
func TestGuardSendsLargeRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		guards, remotes := together()
		for _, g := range guards {
			defer g.Close()
		}
		place := state.Place{Account: "a", Group: "g", Model: "m", Rates: state.Rates{Tokens: 3000}, Tokens: 2000}
		if _, err := guards[0].Snapshot(t.Context()); err != nil {
			t.Fatal(err)
		}
		remotes[0].silent.Store(true)
		if got := send(t, guards[0], place, 5); got != 1 {
			t.Errorf("%d were sent, want 1", got)
		}
		// All of it counts, also when less was used than the part.
		snapshot, err := guards[0].Snapshot(t.Context())
		if used := snapshot.Load[state.GroupModel{Group: "g", Model: "m"}].Tokens; err != nil || used != 2000 {
			t.Errorf("%d tokens count, want 2000; %v", used, err)
		}
		never := place
		never.Model, never.Tokens = "other", 3001
		if got := take(t, guards[0], at(never)); got.Place >= 0 || got.Full[0] != (state.Full{Limit: "tpm"}) {
			t.Errorf("more than the whole limit never fits: %+v", got)
		}
	})
}
