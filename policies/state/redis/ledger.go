package redis

import (
	"sync"
	"time"
)

// ledger is what this replica holds, by account or by tenant. The store has the
// same in its shares, but for calls whose outcome was never learned and for data
// that was lost; heartbeats compare the two.
type ledger struct {
	mu     sync.Mutex
	shares map[string]*held
}

// held is what a replica holds of one account or tenant. Calls that are on their
// way may be at the store already, or not: a comparison must allow for all that
// were on their way at any time between its beginning and its end.
type held struct {
	slots                     int64
	takesFlying, endsFlying   int64
	takesStarted, endsStarted int64
	incarnation               string // of the tenant's data, as last seen
	seen                      time.Time
}

func newLedger() *ledger { return &ledger{shares: make(map[string]*held)} }

// get returns an entry; the lock is held.
func (l *ledger) get(name string) *held {
	h := l.shares[name]
	if h == nil {
		h = new(held)
		l.shares[name] = h
	}
	h.seen = time.Now()
	return h
}

// taking begins a call that may take a slot.
func (l *ledger) taking(name string) (slots int64, incarnation string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.get(name)
	h.takesFlying++
	h.takesStarted++
	return h.slots, h.incarnation
}

// took ends it. If it is unknown whether a slot was taken, none is counted: the
// next heartbeat finds it.
func (l *ledger) took(name string, slot bool, incarnation string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.get(name)
	h.takesFlying--
	if slot {
		h.slots++
	}
	if incarnation != "" {
		h.incarnation = incarnation
	}
}

// ending begins a call that gives a slot back.
func (l *ledger) ending(name string) (incarnation string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.get(name)
	h.endsFlying++
	h.endsStarted++
	return h.incarnation
}

// ended ends it; the slot is given back in any case.
func (l *ledger) ended(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.get(name)
	h.endsFlying--
	h.slots = max(0, h.slots-1)
}

// hold counts slots that the store was not told of.
func (l *ledger) hold(name string, by int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.get(name)
	h.slots = max(0, h.slots+by)
}

// statement is an entry when a comparison began.
type statement struct {
	name string
	held
}

// statements returns the entries to compare, and forgets those of which nothing
// was held for so long.
func (l *ledger) statements(rest time.Duration) []statement {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]statement, 0, len(l.shares))
	for name, h := range l.shares {
		if h.slots == 0 && h.takesFlying == 0 && h.endsFlying == 0 && time.Since(h.seen) > rest {
			delete(l.shares, name)
			continue
		}
		out = append(out, statement{name: name, held: *h})
	}
	return out
}

// difference is what must be added to the store's share of an entry so that it
// is what this replica holds; 0 where calls on their way may explain it.
func (l *ledger) difference(was statement, share int64) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	takes, ends := was.takesFlying, was.endsFlying
	if h := l.shares[was.name]; h != nil {
		takes += h.takesStarted - was.takesStarted
		ends += h.endsStarted - was.endsStarted
	}
	switch {
	case share < was.slots-ends:
		return was.slots - ends - share
	case share > was.slots+takes:
		return was.slots + takes - share
	}
	return 0
}

// know notes the incarnation of a tenant's data.
func (l *ledger) know(name, incarnation string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.shares[name]; h != nil && incarnation != "" {
		h.incarnation = incarnation
	}
}
