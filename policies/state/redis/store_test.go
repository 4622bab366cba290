package redis

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

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

// Replicas know of each other from the start, and so does a guard without
// calls: each may then do its part alone.
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
