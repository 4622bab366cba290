package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/admin/monitor"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/sqlite"
)

// onDisk answers from the history on disk, and from memory what that does not: where
// the file cannot be read, or could not be written.
type onDisk struct {
	file   *sqlite.File
	memory *history.Memory // nil if there is none
	lacks  *unstored
	log    *zap.Logger

	mu     sync.Mutex
	told   time.Time // when the log was told that the file cannot be read
	damage error     // that was found when it was read; nil if none was
}

// unreadPause is the least time between two lines of the log about it.
const unreadPause = time.Minute

var _ history.Faceter = (*onDisk)(nil)

// newOnDisk makes the page's source.
func newOnDisk(lacks *unstored, log *zap.Logger) *onDisk {
	return &onDisk{file: lacks.file, memory: lacks.memory, lacks: lacks, log: log}
}

// Get implements history.Source. The newest request with an id may be one that the
// file had no room for.
func (d *onDisk) Get(ctx context.Context, id string) (history.Item, error) {
	item, err := d.file.Get(ctx, id)
	unknown := errors.Is(err, history.ErrNotFound) || d.failed(ctx, err)
	if d.memory == nil || err != nil && !unknown {
		return item, err
	}
	if newer, memoryErr := d.memory.Get(ctx, id); unknown || memoryErr == nil && newer.Time.After(item.Time) {
		return newer, memoryErr
	}
	return item, nil
}

// Query implements history.Source. While the file cannot be written, the newest
// requests are those of the memory, whose cursors are beyond those of the file.
func (d *onDisk) Query(ctx context.Context, f history.Filter, before history.Cursor, limit int) (history.Page, error) {
	open, _ := d.lacks.gaps()
	if open == nil || d.memory == nil {
		return d.stored(ctx, f, before, limit)
	}
	if before > 0 && before <= open.from {
		return d.stored(ctx, f, min(before, open.row+1), limit)
	}
	page, err := d.memory.Query(ctx, f, before, limit)
	if err != nil {
		return page, err
	}
	if i := slices.IndexFunc(page.Items, func(item history.Item) bool { return item.Cursor < open.from }); i >= 0 {
		page.Items = page.Items[:i]
	} else if page.Next > open.from {
		page.Items = slices.DeleteFunc(page.Items, func(item history.Item) bool { return open.stored[item.Cursor] })
		return page, nil
	}
	page.Items = slices.DeleteFunc(page.Items, func(item history.Item) bool { return open.stored[item.Cursor] })
	page.Next, page.SearchedTo = open.row+1, time.Time{}
	if rest := history.Limit(limit) - len(page.Items); rest > 0 {
		older, err := d.file.Query(ctx, f, open.row+1, rest)
		if err != nil && !d.failed(ctx, err) {
			return page, err
		}
		page.Items, page.Next, page.SearchedTo = append(page.Items, older.Items...), older.Next, older.SearchedTo
	}
	return page, nil
}

// stored is Query while nothing is known to be missing in the file.
func (d *onDisk) stored(ctx context.Context, f history.Filter, before history.Cursor, limit int) (history.Page, error) {
	page, err := d.file.Query(ctx, f, before, limit)
	if d.failed(ctx, err) && d.memory != nil {
		return d.memory.Query(ctx, f, before, limit)
	}
	return page, err
}

// Facets implements history.Faceter.
func (d *onDisk) Facets(ctx context.Context) (history.Facets, error) {
	facets, err := history.FacetsOf(ctx, d.file)
	open, _ := d.lacks.gaps()
	unread := d.failed(ctx, err)
	if d.memory == nil || err == nil && open == nil || err != nil && !unread {
		return facets, err
	}
	newer, err := history.FacetsOf(ctx, d.memory)
	return facets.With(newer), err
}

// Bodies implements monitor.BodyReader. They are nowhere else.
func (d *onDisk) Bodies(ctx context.Context, id string, ended time.Time) (record.Bodies, error) {
	b, err := d.file.Bodies(ctx, id, ended)
	d.failed(ctx, err)
	return b, err
}

// failed reports whether the file could not be read, and tells the log.
func (d *onDisk) failed(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil || errors.Is(err, history.ErrNotFound) {
		return false // or who asked has left
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.damage == nil && sqlite.IsDamage(err) {
		d.damage = err
	}
	if now := time.Now(); now.Sub(d.told) >= unreadPause {
		d.told = now
		d.log.Warn("the history on disk cannot be read", zap.Bool("requests_from_memory", d.memory != nil), zap.Error(err))
	}
	return true
}

// damaged is what was found of damage when the file was opened, or later when it was
// read; nil if nothing was.
func (d *onDisk) damaged() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return cmp.Or(d.file.Damage(), d.damage)
}

// trouble says what is wrong with the file, for the page; nil if nothing is.
func (d *onDisk) trouble() *monitor.Trouble {
	out := monitor.Trouble{Memory: d.memory != nil}
	open, closed := d.lacks.gaps()
	why := d.damaged()
	switch {
	case open != nil:
		out.Since, out.Records, why = open.since.UTC(), open.records, open.why
	case why != nil:
	case closed != nil:
		out.Since, out.Until, out.Records, why = closed.since.UTC(), closed.until.UTC(), closed.records, closed.why
	default:
		return nil
	}
	out.Words = cmp.Or(sqlite.Words(why), "cannot be written: see the log")
	return &out
}
