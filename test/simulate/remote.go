package simulate

import (
	"context"
	"sync"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// remote is a store as one of several replicas sees it over a network: each call
// takes time, snapshots are old, and for a while nothing answers. It is what
// heald's own guard is put around.
type remote struct {
	state.Store // that all replicas share; it is closed with none of them
	s           *Scenario
	begin       time.Time

	mu       sync.Mutex
	snapshot *state.Snapshot
}

var _ state.Remote = (*remote)(nil)

// roundTrip is what a call to a store in the same data center takes.
const roundTrip = time.Millisecond

func newRemote(s *Scenario, shared state.Store) *remote {
	return &remote{Store: shared, s: s, begin: time.Now()}
}

// reach is the way to the store and back.
func (r *remote) reach(ctx context.Context) error {
	if r.s.StoreGone.has(time.Since(r.begin)) {
		<-ctx.Done()
	} else {
		sleep(ctx, roundTrip)
	}
	return ctx.Err()
}

// Take implements [state.Store].
func (r *remote) Take(ctx context.Context, want *state.Want) (state.Taken, error) {
	if err := r.reach(ctx); err != nil {
		return state.Taken{Place: -1}, err
	}
	return r.Store.Take(ctx, want)
}

// Correct implements [state.Store].
func (r *remote) Correct(ctx context.Context, c state.Correction) (state.Receipt, error) {
	if err := r.reach(ctx); err != nil {
		return c.Receipt, err
	}
	return r.Store.Correct(ctx, c)
}

// Settle implements [state.Store].
func (r *remote) Settle(ctx context.Context, ended ...state.Settlement) error {
	if err := r.reach(ctx); err != nil {
		return err
	}
	return r.Store.Settle(ctx, ended...)
}

// Snapshot implements [state.Store].
func (r *remote) Snapshot(ctx context.Context) (*state.Snapshot, error) {
	r.mu.Lock()
	last := r.snapshot
	r.mu.Unlock()
	if last != nil && time.Since(last.At) < state.SnapshotAge {
		return last, nil
	}
	if err := r.reach(ctx); err != nil {
		return nil, err
	}
	next, err := r.Store.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	copied := *next // others have it as well
	copied.Replicas = r.s.replicas()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.snapshot = &copied
	return r.snapshot, nil
}

// Change implements [state.Store].
func (r *remote) Change(ctx context.Context, doc state.Doc, life time.Duration, change func([]byte) []byte) error {
	if err := r.reach(ctx); err != nil {
		return err
	}
	return r.Store.Change(ctx, doc, life, change)
}

// Get implements [state.Store]. The guard asks so whether the store is back.
func (r *remote) Get(ctx context.Context, key state.Key) ([]byte, error) {
	if err := r.reach(ctx); err != nil {
		return nil, err
	}
	return r.Store.Get(ctx, key)
}

// Alone implements [state.Remote]. There is no heartbeat to stop.
func (r *remote) Alone() {}

// Trouble implements [state.Remote]: there is none that is told.
func (r *remote) Trouble() string { return "" }

// Rejoin implements [state.Remote]. The simulated accounts have no slots, so there
// is nothing to tell.
func (r *remote) Rejoin(ctx context.Context) error { return r.reach(ctx) }

// Hold implements [state.Remote].
func (r *remote) Hold(string, string, int) {}

// Total implements [state.Remote]. The simulated tenants have no budgets.
func (r *remote) Total(string, *state.Budget) int64 { return 0 }

// Close implements [state.Store].
func (r *remote) Close() error { return nil }

// Used implements [state.Remote], likewise.
func (r *remote) Used(_ context.Context, tenants []*state.TenantWant) ([][]int64, error) {
	return make([][]int64, len(tenants)), nil
}
