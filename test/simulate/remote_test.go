package simulate

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
)

// While the store is gone nothing answers until the caller gives up; before and
// after, a call takes its time.
func TestRemoteGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := Named("store-gone")
		s.StoreGone = Period{time.Second, 2 * time.Second}
		r := newRemote(s, memory.New())
		for _, c := range []struct {
			at, took time.Duration
			ok       bool
		}{
			{0, roundTrip, true},
			{1500 * time.Millisecond, 25 * time.Millisecond, false},
			{2 * time.Second, roundTrip, true},
		} {
			time.Sleep(c.at - time.Since(r.begin))
			ctx, cancel := context.WithTimeout(t.Context(), 25*time.Millisecond)
			_, err := r.Take(ctx, &state.Want{Places: []state.Place{{Account: "a", Group: "g", Model: "m"}}})
			cancel()
			if took := time.Since(r.begin) - c.at; (err == nil) != c.ok || took != c.took {
				t.Errorf("at %v: %v after %v, want an answer: %v, after %v", c.at, err, took, c.ok, c.took)
			}
		}
	})
}

// All that a replica ranks by may be a quarter of a second old.
func TestRemoteSnapshotIsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := memory.New()
		r := newRemote(Named("replicas-3"), shared)
		used := func() int64 {
			snapshot, err := r.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return snapshot.Load[state.GroupModel{Group: "g", Model: "m"}].Requests
		}
		if used() != 0 {
			t.Fatal("nothing was taken yet")
		}
		want := state.Want{Places: []state.Place{{Account: "a", Group: "g", Model: "m", Rates: state.Rates{Requests: 5}}}}
		if taken, err := shared.Take(t.Context(), &want); err != nil || taken.Place != 0 {
			t.Fatalf("place %d, %v", taken.Place, err)
		}
		time.Sleep(state.SnapshotAge - 10*time.Millisecond)
		if got := used(); got != 0 {
			t.Errorf("%d requests in a snapshot that is still good, want 0", got)
		}
		time.Sleep(20 * time.Millisecond)
		if got := used(); got != 1 {
			t.Errorf("%d requests in a new snapshot, want 1", got)
		}
	})
}
