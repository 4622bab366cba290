package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/sqlite"
)

// onDisk answers from the history on disk, and from memory what that does not: where
// the file cannot be read, or is full.
type onDisk struct {
	file   *sqlite.File
	memory history.Source // nil if there is none
	log    *zap.Logger

	mu   sync.Mutex
	told time.Time // when the log was told that the file cannot be read
}

// unreadPause is the least time between two lines of the log about it.
const unreadPause = time.Minute

var _ history.Faceter = (*onDisk)(nil)

// newOnDisk makes the page's source; memory may be nil.
func newOnDisk(file *sqlite.File, memory *history.Memory, log *zap.Logger) *onDisk {
	d := &onDisk{file: file, log: log}
	if memory != nil {
		d.memory = memory
	}
	return d
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

// Query implements history.Source.
func (d *onDisk) Query(ctx context.Context, f history.Filter, before history.Cursor, limit int) (history.Page, error) {
	page, err := d.file.Query(ctx, f, before, limit)
	if d.failed(ctx, err) && d.memory != nil {
		return d.memory.Query(ctx, f, before, limit)
	}
	return page, err
}

// Facets implements history.Faceter.
func (d *onDisk) Facets(ctx context.Context) (history.Facets, error) {
	facets, err := history.FacetsOf(ctx, d.file)
	if d.failed(ctx, err) && d.memory != nil {
		return history.FacetsOf(ctx, d.memory)
	}
	return facets, err
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
	if now := time.Now(); now.Sub(d.told) >= unreadPause {
		d.told = now
		d.log.Warn("the history on disk cannot be read", zap.Bool("requests_from_memory", d.memory != nil), zap.Error(err))
	}
	return true
}
