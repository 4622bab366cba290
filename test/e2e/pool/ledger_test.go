package pool

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

// ledger reads what the replicas have written into Redis.
type ledger struct {
	t      *testing.T
	client *redis.Client
}

func read(t *testing.T, server *redistest.Server) *ledger {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: server.Addr(), MaxRetries: -1, DialerRetries: 1})
	t.Cleanup(func() { _ = c.Close() })
	return &ledger{t, c}
}

// keys that hold slots: each a hash of n, the slots in use, and of r:REPLICA,
// those of each replica.
var slotKeys = []string{"h1:{p:*}:a:*", "h1:{t:*}"}

// inUse are the slots that are taken, by key, where any are. Where n is not the
// sum of the replicas' shares, the test fails: a hash is read in one step.
func (l *ledger) inUse() map[string]int {
	l.t.Helper()
	out, err := l.slots(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	return out
}

func (l *ledger) slots(ctx context.Context) (map[string]int, error) {
	out := map[string]int{}
	for _, pattern := range slotKeys {
		names, err := l.client.Keys(ctx, pattern).Result()
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			hash, err := l.client.HGetAll(ctx, name).Result()
			if err != nil {
				return nil, err
			}
			n, sum := 0, 0
			for field, value := range hash {
				v, _ := strconv.Atoi(value)
				switch {
				case field == "n":
					n = v
				case strings.HasPrefix(field, "r:"):
					sum += v
				}
			}
			if n != sum {
				l.t.Errorf("%s: n is %d, the sum of shares %d: %v", name, n, sum, hash)
			}
			if n != 0 {
				out[name] = n
			}
		}
	}
	return out, nil
}

// watch reads again and again until the returned function is called, which says
// how often, and the most slots that an account had.
func (l *ledger) watch() (stop func() (samples, most int)) {
	ctx, cancel := context.WithCancel(l.t.Context())
	done := make(chan struct{})
	samples, most := 0, 0
	go func() { // ends with stop, which waits for it
		defer close(done)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			if now, err := l.slots(ctx); err == nil {
				samples++
				for name, n := range now {
					if strings.Contains(name, ":a:") {
						most = max(most, n)
					}
				}
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}()
	return func() (int, int) {
		cancel()
		<-done
		return samples, most
	}
}

// empty waits until nothing is in use.
func (l *ledger) empty(within time.Duration) {
	l.t.Helper()
	start := time.Now()
	var left map[string]int
	for time.Since(start) < within {
		if left = l.inUse(); len(left) == 0 {
			l.t.Logf("0 in use in Redis after %v", time.Since(start).Round(time.Millisecond))
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	l.t.Errorf("after %v still in use in Redis: %v", within, left)
}

// spent is what each tenant has used and reserved of a budget, by tenant.
func (l *ledger) spent(budget string) map[string]int64 {
	l.t.Helper()
	out := map[string]int64{}
	for i := range tenants {
		packed, err := l.client.HGet(l.t.Context(), "h1:{t:"+tenantName(i)+"}", "b:"+budget).Result()
		if err != nil {
			continue
		}
		var ends, total int64
		if _, err := fmt.Sscan(packed, &ends, &total); err == nil {
			out[tenantName(i)] = total
		}
	}
	return out
}
