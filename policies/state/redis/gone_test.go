package redis

import (
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

// Two replicas that died at once leave nothing of an account they shared.
func TestTwoDeadReplicas(t *testing.T) {
	server := redistest.Start(t)
	c := newClock()
	change := func(cfg *Config) { cfg.Timing.now, cfg.Timing.Beat = c.text, time.Hour }
	lives := open(t, server, change)
	for range 2 {
		dies := open(t, server, change)
		if taken, err := dies.Take(t.Context(), &state.Want{Places: []state.Place{{Account: "a"}}}); err != nil || taken.Place != 0 {
			t.Fatal(taken, err)
		}
		dies.abandon()
	}
	c.Sleep(16 * time.Second)
	if err := lives.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, err := lives.fetch(t.Context()); err != nil || len(s.InUse) != 0 {
		t.Errorf("in use %v, %v", s.InUse, err)
	}
}

// A tenant's slots that a dead replica held come back at the next take.
func TestTenantReapedByTake(t *testing.T) {
	server := redistest.Start(t)
	c := newClock()
	change := func(cfg *Config) { cfg.Timing.now, cfg.Timing.Beat = c.text, time.Hour }
	dies, lives := open(t, server, change), open(t, server, change)
	want := &state.Want{Tenant: &state.TenantWant{Name: "t", Slots: 1}}
	for i, step := range []struct {
		store *Store
		after time.Duration
		want  string
	}{{dies, 0, ""}, {lives, 14 * time.Second, state.TenantSlots}, {lives, 2 * time.Second, ""}} {
		c.Sleep(step.after)
		if taken, err := step.store.Take(t.Context(), want); err != nil || taken.Tenant != step.want {
			t.Fatalf("step %d: %+v, %v", i, taken, err)
		}
		if i == 0 {
			dies.abandon()
		}
	}
	consistent(t, lives)
}

// A replica that cannot reach the store is reaped, but may work by itself: for 75
// seconds the others leave it its part of the limits, then they take it.
func TestGoneReplicaIsLeftItsPart(t *testing.T) {
	server := redistest.Start(t)
	c := newClock()
	change := func(cfg *Config) { cfg.Timing.now, cfg.Timing.Beat = c.text, time.Hour }
	cut, other := open(t, server, change), open(t, server, change)
	beat := func(s *Store) {
		t.Helper()
		if err := s.Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want := &state.Want{Places: []state.Place{{Account: "a", Slots: 10, Group: "g", Model: "m", Rates: state.Rates{Requests: 1000}}}}
	take := func(s *Store) bool {
		t.Helper()
		taken, err := s.Take(t.Context(), want)
		if err != nil {
			t.Fatal(err)
		}
		return taken.Place == 0
	}
	fill := func() (n int) {
		for take(other) {
			n++
		}
		return n
	}
	for range 3 {
		take(cut)
	}
	beat(other)
	if n := fill(); n != 7 {
		t.Fatalf("%d slots beside the 3 of the other replica, of 10", n)
	}
	c.Sleep(16 * time.Second)
	beat(other)
	if n := fill(); n != 0 {
		t.Errorf("%d more slots: half of them are left to a replica that may work by itself", n)
	}
	snapshot, err := other.fetch(t.Context())
	if err != nil || snapshot.InUse["a"] != 7 || snapshot.Replicas != 2 {
		t.Errorf("in use %v by %d replicas, %v", snapshot.InUse, snapshot.Replicas, err)
	}
	cut.accounts.hold("a", 2) // what it took by itself
	beat(cut)                 // it is back, and says so
	if n := fill(); n != 0 {
		t.Errorf("%d more slots, though both hold 12", n)
	}
	consistent(t, other)
	c.Sleep(16 * time.Second)
	beat(other)
	// Its guard asks a minute after it has asked in vain, which takes some seconds.
	c.Sleep(65 * time.Second)
	beat(other)
	if n := fill(); n != 0 {
		t.Errorf("%d more slots, though the other replica may ask now", n)
	}
	c.Sleep(16 * time.Second)
	beat(other)
	if n := fill(); n != 3 {
		t.Errorf("%d more slots after 81 seconds, want all 10 in use", n)
	}
}
