package redis

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// snapshots keep the newest snapshot, and the one reading that is on its way.
type snapshots struct {
	mu      sync.Mutex
	newest  *state.Snapshot
	changed uint64 // grows with every document that this replica changes
	reading *reading
	work    sync.WaitGroup
}

// reading is a snapshot that is being read; done is closed when it is there.
type reading struct {
	done chan struct{}
	out  *state.Snapshot
	err  error
}

// drop makes the next caller read again.
func (n *snapshots) drop() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.newest, n.reading = nil, nil
	n.changed++
}

func (n *snapshots) wait() { n.work.Wait() }

// Snapshot implements state.Store, with at most one round trip per SnapshotAge.
func (s *Store) Snapshot(ctx context.Context) (*state.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n := &s.snapshot
	n.mu.Lock()
	if n.newest != nil && time.Since(n.newest.At) < s.timing.SnapshotAge {
		defer n.mu.Unlock()
		return n.newest, nil
	}
	r := n.reading
	if r == nil {
		r = &reading{done: make(chan struct{})}
		n.reading = r
		changed := n.changed
		// One at a time unless a document was changed; it ends with its deadline,
		// and Close waits for it.
		n.work.Go(func() { s.read(r, changed) })
	}
	n.mu.Unlock()
	select {
	case <-r.done:
		return r.out, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *Store) read(r *reading, changed uint64) {
	ctx, cancel := context.WithTimeout(context.Background(), s.timing.Background)
	defer cancel()
	r.out, r.err = s.fetch(ctx)
	n := &s.snapshot
	n.mu.Lock()
	if n.changed == changed {
		n.reading = nil
		if r.err == nil {
			n.newest = r.out
		}
	}
	n.mu.Unlock()
	close(r.done)
}

// fetch reads the pool's summary, documents and replicas.
func (s *Store) fetch(ctx context.Context) (*state.Snapshot, error) {
	pipe := s.client.Pipeline()
	summary := pipe.HGetAll(ctx, s.keys.summary)
	docs := pipe.HGetAll(ctx, s.keys.docs)
	replicas := pipe.ZCard(ctx, s.keys.replicas)
	clock := pipe.Time(ctx)
	at := time.Now() // before the reading: it is at least as new
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	now := clock.Val().UnixMicro()
	if given := s.timing.now(); given != "" {
		now = integer(given)
	}
	out := &state.Snapshot{At: at, InUse: map[string]int{}, Load: map[state.GroupModel]state.Load{}, Docs: map[state.Doc][]byte{}, Replicas: max(1, int(replicas.Val()))}
	for field, value := range summary.Val() {
		switch kind, name, _ := strings.Cut(field, ":"); kind {
		case "id":
			out.Incarnation = value
		case "a":
			out.InUse[name] = int(integer(value))
		case "reserve": // gone and all, when some are gone that may work by themselves
			gone, all, _ := strings.Cut(value, " ")
			out.Replicas, out.Gone = max(out.Replicas, int(integer(all))), int(integer(gone))
		case "g":
			group, model, _ := strings.Cut(name, "\x00")
			if load := loadAt(value, now); load != (state.Load{}) {
				out.Load[state.GroupModel{Group: group, Model: model}] = load
			}
		}
	}
	for field, raw := range docs.Val() {
		value, ends := document(raw)
		if parts := strings.SplitN(field, "\x00", 3); len(parts) == 3 && ends > now {
			out.Docs[state.Doc{Of: state.DocKind(parts[0]), Name: parts[1], Part: parts[2]}] = value
		}
	}
	return out, nil
}

// loadAt reads what a group had used when it was last written: its second, the
// minute's requests and tokens, the day's requests and end. From then on the
// minute's use is assumed to fade evenly; scripts count exactly.
func loadAt(text string, now int64) state.Load {
	var n [5]int64
	for i, word := range strings.Fields(text) {
		if i < len(n) {
			n[i] = integer(word)
		}
	}
	load := state.Load{Requests: n[1], Tokens: n[2], Day: n[3]}
	if age := now/1e6 - n[0]; age > 1 {
		left := max(0, 61-age)
		load.Requests, load.Tokens = load.Requests*left/60, load.Tokens*left/60
	}
	if n[4]*1000 <= now {
		load.Day = 0
	}
	return load
}

// integer reads what a script has written; 0 if it is no number.
func integer(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}
