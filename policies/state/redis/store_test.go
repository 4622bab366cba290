package redis

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"pgregory.net/rapid"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
	"github.com/heald-proxy/heald/policies/state/statetest"
)

// clock is the time that a test gives to the scripts.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now().Truncate(time.Microsecond)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) text() string { return strconv.FormatInt(c.Now().UnixMicro(), 10) }

// Sleep moves the clock. Redis ends values by its own time: short sleeps are
// real, too.
func (c *clock) Sleep(d time.Duration) {
	if d <= 100*time.Millisecond {
		time.Sleep(d)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// open returns a store that ends with its test.
func open(t testing.TB, server *redistest.Server, change ...func(*Config)) *Store {
	t.Helper()
	cfg := Config{URL: server.URL(), Timing: Timing{SnapshotAge: time.Millisecond}}
	for _, c := range change {
		c(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for i := 0; i < 200 && s.known.Load().incarnation == ""; i++ {
		time.Sleep(5 * time.Millisecond) // its first heartbeat is on its way
	}
	return s
}

// Replicas know of each other from the start, and so does a guard that nobody
// has asked for anything: each may then do its part alone.
func TestKnownFromTheStart(t *testing.T) {
	server := redistest.Start(t)
	var guards []*state.Guard
	for range 3 {
		s, err := New(Config{URL: server.URL()})
		if err != nil {
			t.Fatal(err)
		}
		g := state.NewGuard(s, memory.New(), state.GuardConfig{})
		defer g.Close()
		guards = append(guards, g)
	}
	time.Sleep(1500 * time.Millisecond) // a look
	server.Pause()
	defer server.Resume()
	want := &state.Want{Places: []state.Place{{Account: "a", Slots: 9}}}
	for i, g := range guards {
		n := 0
		for range 20 {
			taken, err := g.Take(t.Context(), want)
			if err != nil {
				t.Fatal(err)
			}
			if taken.Place == 0 {
				n++
			}
		}
		if n > 3 {
			t.Errorf("replica %d of 3 gives %d of 9 slots by itself", i, n)
		}
	}
}

func TestStore(t *testing.T) {
	server := redistest.Start(t)
	statetest.Run(t, func(t *testing.T, test func(*testing.T, *statetest.Rig)) {
		server.Must("FLUSHALL")
		c := newClock()
		s := open(t, server, func(cfg *Config) { cfg.Timing.now = c.text })
		test(t, &statetest.Rig{Store: s, Now: c.Now, Sleep: c.Sleep, Settled: s.waiting.Wait, Lose: func(want *state.Want) { s.loseTake(t, want) }})
		consistent(t, s)
	})
}

// The guard changes nothing while the store answers.
func TestGuarded(t *testing.T) {
	server := redistest.Start(t)
	statetest.Run(t, func(t *testing.T, test func(*testing.T, *statetest.Rig)) {
		server.Must("FLUSHALL")
		c := newClock()
		s := open(t, server, func(cfg *Config) { cfg.Timing.now = c.text })
		g := state.NewGuard(s, memory.New(), state.GuardConfig{Deadline: 5 * time.Second})
		defer g.Close()
		test(t, &statetest.Rig{Store: g, Now: c.Now, Sleep: c.Sleep, Settled: s.waiting.Wait, Lose: func(want *state.Want) { s.loseTake(t, want) }})
		consistent(t, s)
	})
}

// A cluster keeps a tenant and a pool on different slots, and each script's keys
// on one.
func TestCluster(t *testing.T) {
	server := cluster(t)
	statetest.Run(t, func(t *testing.T, test func(*testing.T, *statetest.Rig)) {
		server.Must("FLUSHALL")
		c := newClock()
		s := open(t, server, func(cfg *Config) { cfg.Cluster, cfg.Timing.now = true, c.text })
		test(t, &statetest.Rig{Store: s, Now: c.Now, Sleep: c.Sleep, Settled: s.waiting.Wait})
	})
}

// cluster starts a cluster of one node.
func cluster(t *testing.T) *redistest.Server {
	t.Helper()
	server := redistest.Start(t, "--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1")
	server.Must("CLUSTER ADDSLOTSRANGE 0 16383")
	for range 1000 {
		if answer, err := server.Do("SET x x"); err == nil && answer == "+OK" {
			return server
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the cluster never became ready")
	return nil
}

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

// A tenant's slots that a dead replica held come back to who asks for one.
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

// Whatever replicas do, die and are told, n is the sum of shares, and it is what
// they hold.
func TestSharesProperty(t *testing.T) {
	server := redistest.Start(t)
	rapid.Check(t, func(p *rapid.T) {
		server.Must("FLUSHALL")
		c := newClock()
		var stores []*Store
		start := func() {
			stores = append(stores, open(t, server, func(cfg *Config) {
				cfg.Timing.now = c.text
				cfg.Timing.Beat = time.Hour
				cfg.Timing.Silent = 15 * time.Second
			}))
		}
		start()
		start()
		open := make(map[*Store][]state.Taken)
		defer func() {
			for _, s := range stores {
				_ = s.Close()
			}
		}()
		for range rapid.IntRange(1, 20).Draw(p, "steps") {
			s := stores[rapid.IntRange(0, len(stores)-1).Draw(p, "store")]
			switch rapid.IntRange(0, 6).Draw(p, "what") {
			default:
				account := rapid.SampledFrom([]string{"a", "b"}).Draw(p, "account")
				taken, err := s.Take(t.Context(), &state.Want{Tenant: &state.TenantWant{Name: "t", Slots: 6}, Places: []state.Place{{Account: account, Slots: 4}}})
				if err != nil {
					p.Fatal(err)
				}
				if taken.Place >= 0 {
					open[s] = append(open[s], taken)
				}
			case 2, 3:
				if held := open[s]; len(held) > 0 {
					_ = s.Settle(t.Context(), state.Settlement{Receipt: held[0].Receipt})
					s.waiting.Wait()
					open[s] = held[1:]
				}
			case 4:
				c.Sleep(time.Duration(rapid.IntRange(1, 20).Draw(p, "seconds")) * time.Second)
				for _, s := range stores {
					if err := s.Beat(t.Context()); err != nil {
						p.Fatal(err)
					}
				}
			case 5:
				if len(stores) > 1 { // it dies
					s.abandon()
					delete(open, s)
					stores = slices.DeleteFunc(stores, func(other *Store) bool { return other == s })
				}
			case 6:
				start()
			}
			consistent(t, stores[0])
		}
		c.Sleep(16 * time.Second) // each says that it lives before the dead are looked for
		for range 2 {
			for _, s := range stores {
				if err := s.Beat(t.Context()); err != nil {
					p.Fatal(err)
				}
			}
		}
		want := map[string]int{}
		for _, held := range open {
			for _, taken := range held {
				want[taken.Receipt.Place.Account]++
			}
		}
		c.Sleep(100 * time.Millisecond)
		snapshot, err := stores[0].Snapshot(t.Context())
		if err != nil || !maps.Equal(snapshot.InUse, want) {
			p.Fatalf("in use %v, want %v; %v", snapshot.InUse, want, err)
		}
		consistent(t, stores[0])
	})
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
	s.settle(t.Context(), []state.Settlement{{Receipt: known.Receipt}})
	atRest(t, server)
}

// What a queue of settlements has no room for is counted, and its slot comes back.
func TestSettlementsAreBounded(t *testing.T) {
	server := redistest.Start(t)
	reg := prometheus.NewRegistry()
	s := open(t, server, func(cfg *Config) { cfg.Metrics, cfg.Timing.Background = NewMetrics(reg), 200*time.Millisecond })
	want := &state.Want{Places: []state.Place{{Account: "a"}}}
	taken, err := s.Take(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	server.Pause()
	ended := state.Settlement{Receipt: taken.Receipt, Tokens: -1}
	for range 2 * queued {
		_ = s.Settle(t.Context(), ended)
	}
	if s.dropped.Load() == 0 || len(s.queue) > queued {
		t.Errorf("%d dropped, %d queued", s.dropped.Load(), len(s.queue))
	}
	if n := testutil.ToFloat64(s.dropped.counter); n != float64(s.dropped.Load()) {
		t.Errorf("the metric says %v", n)
	}
	server.Resume()
	atRest(t, server, s)
}

// The rights that doc.go names are enough.
func TestACL(t *testing.T) {
	server := redistest.Start(t)
	server.Must("ACL SETUSER heald on >secret ~h1:* +@hash +@string +@sortedset +@stream +@keyspace +@scripting +@connection +time -@dangerous")
	s := open(t, server, func(cfg *Config) { cfg.User, cfg.Password = "heald", account.NewSecret("secret") })
	c := newClock()
	for _, test := range []func() error{
		func() error { _, err := s.Snapshot(t.Context()); return err },
		func() error {
			taken, err := s.Take(t.Context(), &state.Want{Tenant: &state.TenantWant{Name: "t", Slots: 1, Budgets: []state.Budget{{Name: "b", Ends: c.Now(), Limit: 9, Amount: 1}}}, Places: []state.Place{{Account: "a", Slots: 1, Group: "g", Model: "m"}}})
			if err == nil && taken.Place != 0 {
				t.Errorf("got %+v", taken)
			}
			s.settle(t.Context(), []state.Settlement{{Receipt: taken.Receipt, Unsent: true}})
			return err
		},
		func() error {
			return s.Change(t.Context(), state.Doc{Of: state.OfGroup}, time.Minute, func([]byte) []byte { return []byte("x") })
		},
		func() error { return s.Put(t.Context(), state.Key{Space: state.Attempts}, nil, time.Minute) },
		func() error { _, err := s.Get(t.Context(), state.Key{Space: state.Attempts}); return err },
		func() error {
			_, err := s.Count(t.Context(), state.Key{Space: state.Attempts}, time.Minute)
			return err
		},
		func() error { return s.Beat(t.Context()) },
		func() error { return s.Append(t.Context(), "h1:usage", []byte("{}")) },
	} {
		if err := test(); err != nil {
			t.Error(err)
		}
	}
	if n := s.lost.Load(); n > 0 {
		t.Errorf("%d settlements failed", n)
	}
	wrong := open(t, server, func(cfg *Config) { cfg.User, cfg.Password = "heald", account.NewSecret("hunter2") })
	if _, err := wrong.Snapshot(t.Context()); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a wrong password: %v", err)
	}
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
