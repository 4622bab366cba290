package redis

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

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
	return s
}

func TestStore(t *testing.T) {
	server := redistest.Start(t)
	statetest.Run(t, func(t *testing.T, test func(*testing.T, *statetest.Rig)) {
		server.Must("FLUSHALL")
		c := newClock()
		s := open(t, server, func(cfg *Config) { cfg.Timing.now = c.text })
		test(t, &statetest.Rig{Store: s, Now: c.Now, Sleep: c.Sleep, Settled: s.waiting.Wait})
		consistent(t, s)
	})
}

// consistent checks that n is the sum of shares for all accounts and tenants.
func consistent(t testing.TB, s *Store) {
	t.Helper()
	s.waiting.Wait()
	ctx := context.Background()
	names, err := s.client.Keys(ctx, prefix+"*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !strings.HasPrefix(name, s.keys.accounts) && !(strings.HasPrefix(name, prefix+"{t:") && strings.HasSuffix(name, "}")) {
			continue
		}
		hash, err := s.client.HGetAll(ctx, name).Result()
		if err != nil {
			t.Fatal(err)
		}
		var sum int64
		for field, value := range hash {
			if strings.HasPrefix(field, "r:") {
				if integer(value) <= 0 {
					t.Errorf("%s: share %s is %s", name, field, value)
				}
				sum += integer(value)
			}
		}
		if n := integer(hash["n"]); n != sum {
			t.Errorf("%s: n is %d, the shares are %d: %v", name, n, sum, hash)
		}
	}
}
