package redis

import (
	"sync"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// mostTotals bounds what is remembered of budgets.
const mostTotals = 16384

// totals remember what budgets' windows have used over all replicas, as far as
// this one knows, so that a store that lost its data continues from there.
type totals struct {
	mu     sync.Mutex
	byName map[totalKey]total
}

type totalKey struct{ tenant, budget string }

type total struct {
	ends time.Time
	used int64
}

// note remembers the largest total of the newest window.
func (t *totals) note(key totalKey, ends time.Time, used int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, known := t.byName[key]
	switch {
	case ends.Equal(old.ends):
		used = max(used, old.used)
	case ends.Before(old.ends):
		return
	}
	if t.byName == nil {
		t.byName = make(map[totalKey]total)
	}
	if !known && len(t.byName) >= mostTotals {
		t.forget(time.Now())
		if len(t.byName) >= mostTotals {
			return
		}
	}
	t.byName[key] = total{ends, used}
}

// of returns what is remembered of a window; 0 if nothing is.
func (t *totals) of(key totalKey, ends time.Time) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if old := t.byName[key]; old.ends.Equal(ends) {
		return old.used
	}
	return 0
}

// forget drops windows that are over; the lock is held.
func (t *totals) forget(now time.Time) {
	for key, old := range t.byName {
		if !old.ends.After(now) {
			delete(t.byName, key)
		}
	}
}

// Total is the largest use of a budget's window that this replica was told of.
func (s *Store) Total(tenant string, b *state.Budget) int64 {
	return s.totals.of(totalKey{tenant, b.Name}, b.Ends)
}
