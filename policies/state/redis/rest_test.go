package redis

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

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
		tenant := strings.HasPrefix(name, prefix+"{t:") && strings.HasSuffix(name, "}")
		if !tenant && !strings.HasPrefix(name, s.keys.accounts) {
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

// atRest has replicas beat until nothing is in use at the store, by its own
// counters.
func atRest(t *testing.T, server *redistest.Server, beating ...*Store) {
	t.Helper()
	var all map[string]string
	probe := open(t, server)
	for begin := time.Now(); time.Since(begin) < hang; time.Sleep(10 * time.Millisecond) {
		for _, s := range beating {
			_ = s.Beat(t.Context()) // the next one tries again
		}
		all = map[string]string{}
		names, err := probe.client.Keys(t.Context(), probe.keys.accounts+"*").Result()
		if err != nil {
			continue
		}
		for _, name := range names {
			all[name] = fmt.Sprint(probe.client.HGetAll(t.Context(), name).Val())
		}
		if len(all) == 0 {
			return
		}
	}
	t.Errorf("still in use: %v", all)
}

// abandon ends a store as kill -9 does: nothing is given back.
func (s *Store) abandon() {
	s.once.Do(func() {
		close(s.closed)
		s.stop()
		s.work.Wait()
		_ = s.client.Close()
	})
}
