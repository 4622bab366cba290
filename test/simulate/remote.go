package simulate

import (
	"context"
	"sync"
	"time"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
)

// remote is a store as one of several replicas sees it: each call takes time,
// snapshots are old, and for a while it cannot be reached. Then the replica works
// by itself, with its part of the limits.
type remote struct {
	state.Store
	local *memory.Store
	s     *Scenario
	begin time.Time

	mu       sync.Mutex
	snapshot *state.Snapshot
}

// roundTrip is what a call to a store in the same data center takes.
const roundTrip = time.Millisecond

func newRemote(s *Scenario, shared state.Store) *remote {
	return &remote{Store: shared, local: memory.New(), s: s, begin: time.Now()}
}

// at is the store that can be reached now.
func (r *remote) at() (_ state.Store, gone bool) {
	if r.s.StoreGone.has(time.Since(r.begin)) {
		return r.local, true
	}
	time.Sleep(roundTrip)
	return r.Store, false
}

// Take implements [state.Store].
func (r *remote) Take(ctx context.Context, want *state.Want) (state.Taken, error) {
	store, gone := r.at()
	if gone {
		part := *want
		part.Places = nil
		for _, p := range want.Places {
			n := int64(r.s.replicas())
			p.Rates = state.Rates{Requests: divide(p.Rates.Requests, n), Tokens: divide(p.Rates.Tokens, n), Day: divide(p.Rates.Day, n)}
			part.Places = append(part.Places, p)
		}
		want = &part
	}
	taken, err := store.Take(ctx, want)
	taken.Local, taken.Receipt.Local = gone, gone
	return taken, err
}

// Settle implements [state.Store].
func (r *remote) Settle(ctx context.Context, ended ...state.Settlement) error {
	for _, e := range ended {
		store, gone := r.Store, false
		if e.Receipt.Local {
			store = r.local
		} else if _, gone = r.at(); gone {
			continue // windows run out by themselves
		}
		if err := store.Settle(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// Snapshot implements [state.Store].
func (r *remote) Snapshot(ctx context.Context) (*state.Snapshot, error) {
	r.mu.Lock()
	last := r.snapshot
	r.mu.Unlock()
	if last != nil && time.Since(last.At) < state.SnapshotAge {
		return last, nil
	}
	store, _ := r.at()
	next, err := store.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	copied := *next
	copied.Replicas = r.s.replicas()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.snapshot = &copied
	return r.snapshot, nil
}

// Change implements [state.Store].
func (r *remote) Change(ctx context.Context, doc state.Doc, life time.Duration, change func([]byte) []byte) error {
	store, _ := r.at()
	return store.Change(ctx, doc, life, change)
}

// Close implements [state.Store].
func (r *remote) Close() error { return r.local.Close() }
