package redis

import (
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

// After a loss of data no slot is given away before all replicas have said what
// they hold.
func TestSlotsWaitAfterLoss(t *testing.T) {
	server := redistest.Start(t)
	c := newClock()
	change := func(cfg *Config) { cfg.Timing.now, cfg.Timing.Beat = c.text, time.Hour }
	one, two := open(t, server, change), open(t, server, change)
	want := &state.Want{Tenant: &state.TenantWant{Name: "t", Slots: 5}, Places: []state.Place{{Account: "a", Slots: 5}}}
	take := func(s *Store) state.Taken {
		t.Helper()
		taken, err := s.Take(t.Context(), want)
		if err != nil {
			t.Fatal(err)
		}
		return taken
	}
	for _, s := range []*Store{one, one, two, two} {
		if taken := take(s); taken.Place != 0 {
			t.Fatalf("got %+v", taken)
		}
	}
	if err := one.Beat(t.Context()); err != nil { // it knows of the other
		t.Fatal(err)
	}
	server.Must("FLUSHALL")
	c.Sleep(time.Second)
	want.Tenant = nil // its slots wait likewise
	for range 3 {
		if taken := take(one); taken.Place >= 0 {
			t.Fatal("a slot was given away though nobody knows what the other replica holds")
		}
	}
	c.Sleep(20 * time.Minute) // a quarter of what is waited for at most
	for _, s := range []*Store{two, one} {
		if err := s.Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if first, second := take(one), take(one); first.Place != 0 || second.Place >= 0 {
		t.Errorf("of five slots four are in use: got %+v and %+v", first, second)
	}
	want.Tenant = &state.TenantWant{Name: "t", Slots: 5}
	want.Places = nil
	if taken := take(one); taken.Tenant != state.TenantSlots {
		t.Errorf("the tenant's slots do not wait: %+v", taken)
	}
	consistent(t, one)
}

// After a loss of data a minute begins half used, budgets go on from what this
// replica remembers, and shares are said again.
func TestLostData(t *testing.T) {
	server := redistest.Start(t)
	c := newClock()
	s := open(t, server, func(cfg *Config) { cfg.Timing.now = c.text })
	ends := c.Now().Add(time.Hour)
	want := func(tokens int64) *state.Want {
		return &state.Want{
			Tenant: &state.TenantWant{Name: "t", Slots: 20, Budgets: []state.Budget{{Name: "b", Ends: ends, Limit: 100, Amount: tokens}}},
			Places: []state.Place{{Account: "a", Slots: 20, Group: "g", Model: "m", Rates: state.Rates{Requests: 10}}},
		}
	}
	take := func(tokens int64) state.Taken {
		t.Helper()
		taken, err := s.Take(t.Context(), want(tokens))
		if err != nil {
			t.Fatal(err)
		}
		return taken
	}
	for range 3 {
		if taken := take(20); taken.Place != 0 {
			t.Fatalf("got %+v", taken)
		}
	}
	server.Must("FLUSHALL")
	if taken := take(50); taken.Tenant != "b" {
		t.Errorf("60 of 100 were used, and 50 more are admitted: %+v", taken)
	}
	admitted := 0
	for range 10 {
		if take(1).Place == 0 {
			admitted++
		}
	}
	if admitted != 5 {
		t.Errorf("%d requests were admitted in the minute, want half of 10", admitted)
	}
	c.Sleep(100 * time.Millisecond)
	if snapshot, err := s.Snapshot(t.Context()); err != nil || snapshot.InUse["a"] != 8 {
		t.Errorf("%v in use, want the 3 from before and 5; %v", snapshot.InUse, err)
	}
	consistent(t, s)
}

// A server that forgets its scripts is sent them again; nothing else is.
func TestScriptsForgotten(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server)
	for i := range 3 {
		server.Must("SCRIPT FLUSH")
		taken, err := s.Take(t.Context(), &state.Want{Tenant: &state.TenantWant{Name: "t", Slots: 9}, Places: []state.Place{{Account: "a", Slots: 9}}})
		if err != nil || taken.Place != 0 {
			t.Fatal(i, taken, err)
		}
	}
	c := s.client.HGet(t.Context(), s.keys.accounts+"a", "n")
	if c.Val() != "3" {
		t.Errorf("n is %s after 3 takes", c.Val())
	}
}

// An answer that is lost may have been one of success: the call is not sent again,
// and the slot that it took is found by heartbeats.
func TestLostAnswer(t *testing.T) {
	t.Run("server", func(t *testing.T) { lostAnswer(t, redistest.Start(t), false) })
	t.Run("cluster", func(t *testing.T) { lostAnswer(t, cluster(t), true) })
}

func lostAnswer(t *testing.T, server *redistest.Server, cluster bool) {
	p := newProxy(t, server.Addr())
	if cluster { // its clients go where it says it is
		_, port, _ := strings.Cut(p.addr(), ":")
		server.Must("CONFIG SET cluster-announce-port " + port)
	}
	s := open(t, server, func(cfg *Config) { cfg.URL, cfg.Cluster, cfg.Timing.Beat = "redis://"+p.addr(), cluster, time.Hour })
	want := &state.Want{Places: []state.Place{{Account: "a", Slots: 9}}}
	known, err := s.Take(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	server.Must("CONFIG RESETSTAT")
	p.deaf.Store(true)
	if _, err := s.Take(t.Context(), want); err == nil {
		t.Fatal("an answer that was lost")
	}
	if n := s.client.HGet(t.Context(), s.keys.accounts+"a", "n").Val(); n != "2" {
		t.Fatalf("%s in use: the call was to be done, once", n)
	}
	if stats := s.client.Info(t.Context(), "commandstats").Val(); !strings.Contains(stats, "cmdstat_evalsha:calls=1,") {
		t.Errorf("not sent exactly once: %s", stats)
	}
	if err := s.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := s.client.HGet(t.Context(), s.keys.accounts+"a", "n").Val(); n != "1" {
		t.Errorf("%s in use after a heartbeat, want the one that is known", n)
	}
	s.settle(t.Context(), []ending{{Settlement: state.Settlement{Receipt: known.Receipt}}})
	atRest(t, server)
}
