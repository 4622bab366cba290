package main

import (
	"context"
	"sync"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/sqlite"
)

// unstored is the sink before the history on disk that knows what this lacks because
// it could not be written: the disk is full, the file was moved away or is damaged. The
// memory has the newest of these requests.
type unstored struct {
	file *sqlite.File
	// memory is nil if there is none; set before the first record comes.
	memory *history.Memory
	now    func() time.Time

	mu     sync.Mutex
	last   []ofRequest // of the last batch that was written
	open   *gap        // nil while writing works
	closed *gap        // the latest one that has ended; nil if there is none
}

// ofRequest identifies a request.
type ofRequest struct {
	id   string
	time time.Time
}

// gap is what the file lacks because writes to it failed.
type gap struct {
	since, until time.Time // of the first and the last write that failed
	why          error     // of the last one
	records      int       // that were not written
	// row is the newest in the file when the gap began, and from where the memory goes
	// on; it is always more than row. In between, some writes may have worked: what the
	// memory has is not read from the file.
	row, from history.Cursor
	// stored are requests that the file has although the memory was told of them later
	// than from.
	stored map[history.Cursor]bool
}

// gapPause is how long all writes must work until a gap has ended: a disk that is
// nearly full has room for some.
const gapPause = time.Minute

// gapTold is how long after its end a gap is told of.
const gapTold = 24 * time.Hour

// Write implements record.Sink.
func (u *unstored) Write(ctx context.Context, entries []record.Entry) error {
	err := u.file.Write(ctx, entries)
	u.wrote(entries, err)
	return err
}

// Close implements record.Sink.
func (u *unstored) Close() error { return u.file.Close() }

func (u *unstored) wrote(entries []record.Entry, err error) {
	var requests []ofRequest
	for _, e := range entries {
		if r := e.Request; r != nil {
			requests = append(requests, ofRequest{r.RequestID, r.Time})
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.now()
	switch {
	case err == nil:
		u.last = requests
		if u.open != nil && now.Sub(u.open.until) >= gapPause {
			u.open, u.closed = nil, u.open
		}
		return
	case u.open == nil:
		u.open = u.begin(requests)
		u.open.since = now
	}
	u.open.until, u.open.why = now, err
	u.open.records += len(entries)
}

// begin finds out where a gap begins: with the first of some requests that were not
// written.
func (u *unstored) begin(requests []ofRequest) *gap {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	g := &gap{stored: map[history.Cursor]bool{}}
	if page, err := u.file.Query(ctx, history.Filter{}, 0, 1); err == nil && len(page.Items) > 0 {
		g.row = page.Items[0].Cursor
	}
	g.from = g.row + 1
	if u.memory == nil {
		return g
	}
	if page, err := u.memory.Query(ctx, history.Filter{}, 0, 1); err == nil && len(page.Items) > 0 {
		g.from = max(g.from, page.Items[0].Cursor+1)
	}
	remembered := func(list []ofRequest, do func(history.Cursor)) {
		for _, r := range list {
			if item, err := history.GetAt(ctx, u.memory, r.id, r.time); err == nil {
				do(item.Cursor)
			}
		}
	}
	remembered(requests, func(c history.Cursor) { g.from = max(g.row+1, min(g.from, c)) })
	// The two queues get records of the same moment in different orders.
	remembered(u.last, func(c history.Cursor) { g.stored[c] = c >= g.from })
	return g
}

// gaps are what the file lacks now, and what it lacked before; nil if it lacks nothing.
func (u *unstored) gaps() (open, closed *gap) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.open != nil {
		copied := *u.open // its map does not change
		open = &copied
	}
	if u.closed != nil && u.now().Sub(u.closed.until) < gapTold {
		closed = u.closed // does not change any more
	}
	return open, closed
}
