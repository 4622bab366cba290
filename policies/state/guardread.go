package state

import (
	"context"
	"errors"
	"maps"
	"time"
)

// Snapshot implements Store.
func (g *Guard) Snapshot(ctx context.Context) (*Snapshot, error) {
	var out *Snapshot
	err := g.call(ctx, "snapshot", func(ctx context.Context) (err error) {
		out, err = g.remote.Snapshot(ctx)
		return err
	})
	if err == nil {
		g.seen(out)
		return out, nil
	}
	if err := g.alone(ctx, "snapshot", err); err != nil {
		return nil, err
	}
	local, err := g.local.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return g.merge(local), nil
}

// snapshotEvery is how often a guard reads a snapshot without a caller: what a
// replica may do by itself depends on the number of replicas.
const snapshotEvery = time.Second

// readSnapshots reads snapshots of a store that is up, the first one at once, so that an
// unusable store is noticed without requests.
func (g *Guard) readSnapshots(ctx context.Context) {
	next := time.NewTicker(snapshotEvery)
	defer next.Stop()
	for {
		if !g.isDown() {
			g.readSnapshot(ctx)
		}
		select {
		case <-next.C:
		case <-ctx.Done():
			return
		}
	}
}

// readSnapshot reads one snapshot. It does not count as a missed call, since it
// has a longer deadline; its misses are counted separately.
func (g *Guard) readSnapshot(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, g.cfg.Rejoin)
	defer cancel()
	out, err := g.remote.Snapshot(limited)
	switch {
	case ctx.Err() != nil:
		return
	case err == nil:
		g.seen(out)
		g.heard()
		if g.remote.Trouble() != "" {
			err = errTrouble
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err == nil {
		g.unheard = 0
	} else if g.unheard++; !g.down && g.unheard >= g.cfg.Misses {
		if g.misses == 0 {
			g.leave()
			g.keep()
		}
		g.unheard = 0
		g.goDown("look", err)
	}
}

// errTrouble is the error of a store that answers, but does not work.
var errTrouble = errors.New("state: the shared store refuses what it is asked")

// heard settles what was kept back after missed calls once a snapshot shows
// that the store answers: there may be no other call for long.
func (g *Guard) heard() {
	g.mu.Lock()
	if g.down || g.kept == nil {
		g.mu.Unlock()
		return
	}
	late := g.letGo()
	g.keep()
	g.mu.Unlock()
	g.tell(context.Background(), late)
}

// seen keeps the remote store's newest snapshot.
func (g *Guard) seen(s *Snapshot) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.last == s {
		return
	}
	g.last = s
	if s.Incarnation != "" && s.At.After(g.back) {
		if g.knows != "" && g.knows != s.Incarnation {
			g.back = time.Time{} // minutes begin half used: that stands for what the store does not know
		}
		g.knows = s.Incarnation
	}
	for account, n := range s.InUse {
		g.peaks.note(account, n, g.cfg.Now())
	}
}

// merge adds the remote store's last snapshot to a local one: its documents
// stay valid, and the slots that it has given are still in use.
func (g *Guard) merge(local *Snapshot) *Snapshot {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.mergeOf == local {
		return g.merged
	}
	out := &Snapshot{At: local.At, InUse: maps.Clone(local.InUse), Load: local.Load, Docs: maps.Clone(local.Docs), Replicas: g.replicas()}
	if g.last != nil {
		for doc, value := range g.last.Docs {
			if _, known := out.Docs[doc]; !known {
				out.Docs[doc] = value
			}
		}
	}
	for account, n := range g.accounts {
		out.InUse[account] += n
	}
	g.merged, g.mergeOf = out, local
	return out
}

// Change implements Store.
func (g *Guard) Change(ctx context.Context, doc Doc, life time.Duration, change func([]byte) []byte) error {
	err := g.call(ctx, "change", func(ctx context.Context) error { return g.remote.Change(ctx, doc, life, change) })
	if err == nil {
		return nil
	}
	if err := g.alone(ctx, "change", err); err != nil {
		return err
	}
	return g.local.Change(ctx, doc, life, func(old []byte) []byte {
		if old == nil {
			old = g.lastDoc(doc)
		}
		return change(old)
	})
}

// lastDoc is the remote store's last version of a document.
func (g *Guard) lastDoc(doc Doc) []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.last == nil {
		return nil
	}
	return g.last.Docs[doc]
}

// Get implements Store. A value that was put while the remote store could not be
// reached is found locally; meanwhile, other replicas may have put newer ones.
func (g *Guard) Get(ctx context.Context, key Key) ([]byte, error) {
	var value []byte
	err := g.call(ctx, "get", func(ctx context.Context) (err error) {
		value, err = g.remote.Get(ctx, key)
		return err
	})
	if err == nil && value != nil {
		return value, nil
	}
	if err == nil {
		return g.local.Get(ctx, key)
	}
	if err := g.alone(ctx, "get", err); err != nil {
		return nil, err
	}
	if value, err = g.local.Get(ctx, key); err != nil {
		return nil, err
	}
	return value, ErrUnavailable
}

// Put implements Store.
func (g *Guard) Put(ctx context.Context, key Key, value []byte, life time.Duration) error {
	err := g.call(ctx, "put", func(ctx context.Context) error { return g.remote.Put(ctx, key, value, life) })
	if err == nil {
		return nil
	}
	if err := g.alone(ctx, "put", err); err != nil {
		return err
	}
	return g.local.Put(ctx, key, value, life)
}

// Count implements Store. The local counter starts from zero.
func (g *Guard) Count(ctx context.Context, key Key, life time.Duration) (int64, error) {
	var n int64
	err := g.call(ctx, "count", func(ctx context.Context) (err error) {
		n, err = g.remote.Count(ctx, key, life)
		return err
	})
	if err == nil {
		return n, nil
	}
	if err := g.alone(ctx, "count", err); err != nil {
		return 0, err
	}
	return g.local.Count(ctx, key, life)
}
