package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// The bounds of what is kept. At mostWindows new models of a group share one
// window, at mostTenants new tenants share one: stricter than need be. Each second
// room is made for some; see forget.
const (
	mostWindows = 4096 // a kilobyte and a half each
	mostTenants = 4096
)

// snapshotAge is how old a snapshot may be here, where a new one costs
// microseconds.
const snapshotAge = 25 * time.Millisecond

// sweepEach are the entries of each kind that are looked at in a second for
// whether they have ended.
const sweepEach = 64

// Store is the store of one process. The zero value is not ready; use New.
type Store struct {
	mu       sync.Mutex
	inUse    map[string]int // by account; none at 0
	windows  map[state.GroupModel]*window
	tenants  map[string]*tenant
	docs     map[state.Doc]document
	values   values
	version  uint64 // of the newest document
	forgot   int64  // second in which windows were forgotten last
	swept    int64  // second of the last sweep
	snapshot *state.Snapshot
}

var _ state.Local = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	return &Store{
		inUse:   make(map[string]int),
		windows: make(map[state.GroupModel]*window),
		tenants: make(map[string]*tenant),
		docs:    make(map[state.Doc]document),
		values:  newValues(),
	}
}

// Take implements state.Store. The receipt refers to want, which must not be
// changed before Settle.
func (s *Store) Take(ctx context.Context, want *state.Want) (state.Taken, error) {
	if err := ctx.Err(); err != nil {
		return state.Taken{Place: -1}, err
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	out := state.Taken{Place: -1}
	var t *tenant
	if want.Tenant != nil {
		t = s.tenant(want.Tenant.Name, now)
		out.Service = t.service
		if t.refuses(want.Tenant, &out) {
			return out, nil
		}
	}
	for i := range want.Places[:min(len(want.Places), state.MostPlaces)] {
		full, is := s.full(&want.Places[i], now)
		if !is {
			out.Place = i
			break
		}
		out.Full = append(out.Full, full)
	}
	if out.Place < 0 && len(want.Places) > 0 {
		return out, nil
	}
	if t != nil {
		t.take(want.Tenant)
		out.Receipt.Tenant = want.Tenant.Name
		out.Receipt.Slot = want.Tenant.Slots > 0
		out.Receipt.Budgets = want.Tenant.Budgets
	}
	if out.Place >= 0 {
		p := &want.Places[out.Place]
		s.inUse[p.Account]++
		out.Receipt.Place = p
		out.Receipt.At = now.Unix()
		if p.Group != "" {
			out.Receipt.At = s.window(p, now).take(p, now)
		}
	}
	return out, nil
}

// full says which of a place's limits has no room. A rate is named before the
// slots, since its end is known.
func (s *Store) full(p *state.Place, now time.Time) (state.Full, bool) {
	if p.Group != "" && p.Rates != (state.Rates{}) {
		if full, is := s.window(p, now).full(p, now); is {
			return full, true
		}
	}
	if p.Slots > 0 && s.inUse[p.Account] >= p.Slots {
		return state.Full{Limit: "slots"}, true
	}
	return state.Full{}, false
}

// window returns a place's window, rolled to now.
func (s *Store) window(p *state.Place, now time.Time) *window {
	key := state.GroupModel{Group: p.Group, Model: p.Model}
	w := s.windows[key]
	if w == nil && len(s.windows) >= mostWindows {
		s.forget(now)
	}
	if w == nil {
		shared := state.GroupModel{Group: p.Group}
		w = s.windows[shared]
		switch {
		case len(s.windows) >= mostWindows:
			key = shared
		case w != nil:
			mine := *w // it may have used all of that: it does not use it twice
			w = &mine
		}
	}
	if w == nil {
		w = &window{first: now.Unix(), last: now.Unix()}
	}
	s.windows[key] = w
	w.roll(now)
	return w
}

// forget makes room for windows once a second, among sweepEach: expired ones are
// dropped, or else, of those whose minute is over, a quarter with the fewest
// requests of the day. Names that clients make up are used few times; if a day's
// count is lost, the provider refuses in its place.
func (s *Store) forget(now time.Time) {
	if s.forgot == now.Unix() {
		return
	}
	s.forgot = now.Unix()
	before := len(s.windows)
	var old []state.GroupModel
	sweep(s.windows, func(w *window) bool { w.roll(now); return w.idle() })
	if len(s.windows) < before {
		return
	}
	looked := 0
	for key, w := range s.windows {
		if w.roll(now); w.sum == (bucket{}) && key.Model != "" {
			old = append(old, key)
		}
		if looked++; looked == sweepEach {
			break
		}
	}
	slices.SortFunc(old, func(a, b state.GroupModel) int { return cmp.Compare(s.windows[a].day, s.windows[b].day) })
	for _, key := range old[:min(len(old), sweepEach/4)] {
		delete(s.windows, key)
	}
}

func (s *Store) tenant(name string, now time.Time) *tenant {
	t := s.tenants[name]
	if t == nil && len(s.tenants) >= mostTenants {
		name = ""
		t = s.tenants[name]
	}
	if t == nil {
		t = new(tenant)
		s.tenants[name] = t
	}
	t.seen = now
	return t
}

// Correct implements state.Store.
func (s *Store) Correct(_ context.Context, c state.Correction) (state.Receipt, error) {
	out, changed := c.Corrected()
	if !changed {
		return out, nil
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if out.Tenant != "" {
		s.tenant(out.Tenant, now).correct(&c.Receipt, &out)
	}
	if p := out.Place; p != nil && p.Group != "" {
		s.window(p, now).add(out.At, 0, p.Tokens-c.Receipt.Place.Tokens)
	}
	return out, nil
}

// Settle implements state.Store.
func (s *Store) Settle(_ context.Context, ended ...state.Settlement) error {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range ended {
		receipt := &ended[i].Receipt
		if receipt.Tenant != "" {
			s.tenant(receipt.Tenant, now).settle(&ended[i])
		}
		p := receipt.Place
		if p == nil {
			continue
		}
		if n := s.inUse[p.Account]; n > 1 {
			s.inUse[p.Account] = n - 1
		} else {
			delete(s.inUse, p.Account)
		}
		if p.Group != "" {
			s.window(p, now).settle(&ended[i])
		}
	}
	return nil
}

// Record counts a request that another store has admitted, without a slot, so
// that this one knows the last minute when it takes over.
func (s *Store) Record(p *state.Place) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	if p.Group != "" {
		s.window(p, now).take(p, now)
	}
}

// Full says which limit of a place has no room, without taking anything.
func (s *Store) Full(p *state.Place) (state.Full, bool) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.full(p, now)
}

// Snapshot implements state.Store.
func (s *Store) Snapshot(ctx context.Context) (*state.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.snapshot != nil && now.Sub(s.snapshot.At) < snapshotAge {
		return s.snapshot, nil
	}
	out := &state.Snapshot{
		At:       now,
		InUse:    maps.Clone(s.inUse),
		Load:     make(map[state.GroupModel]state.Load, len(s.windows)),
		Docs:     make(map[state.Doc][]byte, len(s.docs)),
		Replicas: 1,
	}
	for key, w := range s.windows {
		if w.roll(now); !w.idle() {
			out.Load[key] = w.load()
		}
	}
	for key, d := range s.docs {
		if d.ends.After(now) {
			out.Docs[key] = d.value
		}
	}
	s.snapshot = out
	return out, nil
}

// sweep forgets what has ended, once a second, among a few entries of each kind:
// a map's order is random, so that all have their turn.
func (s *Store) sweep(now time.Time) {
	if s.swept == now.Unix() {
		return
	}
	s.swept = now.Unix()
	sweep(s.windows, func(w *window) bool { w.roll(now); return w.idle() })
	sweep(s.tenants, func(t *tenant) bool { return t.idle(now) })
	sweep(s.docs, func(d document) bool { return !d.ends.After(now) })
	s.values.sweep(now)
}

func sweep[K comparable, V any](all map[K]V, ended func(V) bool) {
	looked := 0
	for key, value := range all {
		if ended(value) {
			delete(all, key)
		}
		if looked++; looked == sweepEach {
			return
		}
	}
}

// Close implements state.Store. It does nothing.
func (s *Store) Close() error { return nil }
