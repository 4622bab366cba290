package exchange

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
)

// watched is a store that counts calls about values, and fails on demand.
type watched struct {
	state.Store
	gets, puts, counts atomic.Int64
	down, hangs        atomic.Bool
	mu                 sync.Mutex
	lives              []time.Duration
}

func (w *watched) fail(ctx context.Context) error {
	if w.hangs.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if w.down.Load() {
		return state.ErrUnavailable
	}
	return nil
}

func (w *watched) Get(ctx context.Context, key state.Key) ([]byte, error) {
	w.gets.Add(1)
	if err := w.fail(ctx); err != nil {
		return nil, err
	}
	return w.Store.Get(ctx, key)
}

func (w *watched) Put(ctx context.Context, key state.Key, value []byte, life time.Duration) error {
	w.puts.Add(1)
	w.mu.Lock()
	w.lives = append(w.lives, life)
	w.mu.Unlock()
	if err := w.fail(ctx); err != nil {
		return err
	}
	return w.Store.Put(ctx, key, value, life)
}

func (w *watched) Count(ctx context.Context, key state.Key, life time.Duration) (int64, error) {
	w.counts.Add(1)
	if err := w.fail(ctx); err != nil {
		return 0, err
	}
	return w.Store.Count(ctx, key, life)
}

func (w *watched) calls() string {
	return fmt.Sprintf("%d counts, %d gets, %d puts", w.counts.Swap(0), w.gets.Swap(0), w.puts.Swap(0))
}

// replicas are two exchanges that share nothing but a store.
func replicas(t *testing.T, change func(*Config)) (one, two rig, store *watched) {
	t.Helper()
	store = &watched{Store: memory.New()}
	rigOf := func() rig {
		r := newRig(t, func(c *Config) {
			c.Policies = map[string]route.Settings{route.DefaultPolicy: {Memory: "store", Attempts: 4}}
			if change != nil {
				change(c)
			}
		})
		r.store = store
		return r
	}
	return rigOf(), rigOf(), store
}

// unnumbered takes Envoy's count off an attempt.
func unnumbered(a *attempt) *attempt {
	a.in.Headers = lacking(a.in.Headers, policies.HeaderAttemptCount)
	return a
}

func lacking(h policies.Headers, name string) (out policies.Headers) {
	for _, f := range h {
		if f.Name != name {
			out = append(out, f)
		}
	}
	return out
}

// isForbidden plays an attempt that the provider answers with a 403, which asks for
// another account.
func isForbidden(t *testing.T, a *attempt, body string) {
	t.Helper()
	send(t, a, body)
	if r := answerWith(a, 403, forbidden).Reply; r == nil || !r.Verdict.Again() || r.Memory != "" {
		t.Errorf("%+v: want another attempt, and no memory in the header", r)
	}
}

func isAnswered(t *testing.T, a *attempt, body string) {
	t.Helper()
	send(t, a, body)
	answerWith(a, 200, hello+stop)
}
