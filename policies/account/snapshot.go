package account

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// readAgain reads the snapshot in the background if it is too old, and if
// anything depends on it. Concurrent calls start one read.
func (p *Accounts) readAgain(now time.Time) {
	if p.store == nil || p.reading || now.Sub(p.snapshotAt) < state.SnapshotAge || !p.shared && !p.limited || p.closed.Err() != nil {
		return
	}
	p.reading = true
	p.background.Go(func() { // ends with one read; Close waits
		p.read(p.closed)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.reading = false
	})
}

// Refresh reads the state of all replicas from the store, so that Status is
// current. If the store does not answer, Status.AsOf says how old it is.
func (p *Accounts) Refresh(ctx context.Context) {
	if p.store != nil && (p.shared || p.limited) {
		p.read(ctx)
	}
}

func (p *Accounts) read(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, backgroundTime)
	defer cancel()
	snapshot, err := p.store.Snapshot(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.snapshotAt = now
	if err != nil {
		return // the store says so itself
	}
	if snapshot.At.Before(p.takenAt) {
		return // another read was faster
	}
	p.takenAt = snapshot.At
	p.replicas = snapshot.Replicas
	for _, m := range p.byID {
		if m.others = 0; p.shared {
			m.others = max(snapshot.InUse[m.ID]-m.inUse, 0)
		}
		if m.Slots > 0 && m.full.After(now) && snapshot.InUse[m.ID] < m.Slots {
			m.full = time.Time{}
		}
	}
	renewed := snapshot.Incarnation != "" && p.incarnation != "" && snapshot.Incarnation != p.incarnation
	p.incarnation = cmp.Or(snapshot.Incarnation, p.incarnation)
	for k, q := range p.quotas {
		q.load = snapshot.Load[k]
		if p.shared && (renewed || snapshot.At.After(q.room.at)) {
			q.room.open(q.load, q.limits(now), renewed)
		}
	}
	if p.shared {
		for doc, content := range snapshot.Docs {
			if bytes.Equal(content, p.seen[doc]) {
				continue
			}
			if s, ok := p.subjectOf(doc); ok {
				p.absorb(s, content)
			}
		}
		p.seen = maps.Clone(snapshot.Docs)
	}
	p.dispatch(now)
}
