package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"go.uber.org/zap"
)

const (
	// tidyEvery is after how many records it is looked for what is too old.
	tidyEvery = 256
	// tidyRows is how many requests are deleted at once, and tidyBodies how many
	// bodies: some milliseconds' work. fullBodies is how many bodies go at once for
	// others, which may be as large.
	tidyRows   = 2 * tidyEvery
	tidyBodies = 64
	fullBodies = 4
	// tidyPages is how many pages are given back to the disk at once.
	tidyPages = 1024
	// roomFor is how much of MaxSize may be used before the oldest go, in percent:
	// what comes until the next look still fits then.
	roomFor = 90
)

// keepTidy deletes what is too old also while nothing is written, after it has looked
// for damage; cut says that the file was cut off. It ends with ctx.
func (f *File) keepTidy(ctx context.Context, cut error) {
	defer close(f.done)
	f.inspect(ctx, cut)
	tick := time.NewTicker(tidyPause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := f.Tidy(ctx); err != nil && ctx.Err() == nil {
			f.o.Log.Warn("the history on disk could not be tidied up", zap.String("path", f.o.Path), zap.Error(err))
		}
	}
}

// Tidy deletes all that is too old or too much, in steps between which others may
// write.
func (f *File) Tidy(ctx context.Context) error {
	for more := true; more; {
		f.mu.Lock()
		var err error
		more, err = f.tidyStep(ctx)
		f.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// withRoom writes something of some bytes. Where there is no room for it, the oldest
// go until there is, but not for what takes most of the file.
func (f *File) withRoom(ctx context.Context, write func() (bytes int64, err error)) error {
	for more := true; ; {
		bytes, err := write()
		f.grown += bytes
		if !isFull(err) {
			return f.tidyAfter(ctx, err)
		}
		if !more || f.o.MaxSize == 0 || bytes > f.o.MaxSize/4*3 {
			return err
		}
		f.room = bytes
		var failed error
		more, failed = f.tidyStep(ctx)
		f.room = 0
		if failed != nil {
			return errors.Join(err, failed)
		}
	}
}

// tidyAfter deletes some of what is too old after a write, if it is time. It returns
// what came of the write.
func (f *File) tidyAfter(ctx context.Context, written error) error {
	if written != nil || f.written < tidyEvery && (f.o.MaxSize == 0 || f.grown < f.o.MaxSize/50) && f.now().Sub(f.tidied) < tidyPause {
		return written
	}
	if _, err := f.tidyStep(ctx); err != nil {
		f.o.Log.Debug("the history on disk could not be tidied up", zap.String("path", f.o.Path), zap.Error(err)) // it is tried again, and told, every minute
	}
	return written
}

// limit has SQLite refuse what would make the file longer than MaxSize.
func (f *File) limit(ctx context.Context) error {
	most := int64(math.MaxUint32 - 1) // SQLite's own
	if f.o.MaxSize > 0 {
		most = max(f.o.MaxSize/pageSize, 1)
	}
	_, err := f.write.ExecContext(ctx, fmt.Sprintf(`PRAGMA max_page_count = %d`, most))
	return worded(err)
}

// tidyStep deletes some of what is too old or too much, and reports whether there
// may be more of it.
func (f *File) tidyStep(ctx context.Context) (more bool, err error) {
	f.written, f.grown, f.tidied = 0, 0, f.now()
	used, all, err := f.pages(ctx)
	if err != nil {
		return false, err
	}
	// What expires is overwritten, not only forgotten.
	if err := f.pragma(ctx, `secure_delete = ON`); err != nil {
		return false, err
	}
	var gone, bodies int64
	w := writing{words: f.words, now: f.now(), uses: map[int64]int{}}
	for _, step := range []func(context.Context, *transaction) error{
		func(ctx context.Context, tx *transaction) (err error) {
			if f.o.BodiesKeep > 0 {
				gone, err = deleteBodies(ctx, tx, f.now().Add(-f.o.BodiesKeep).UnixMilli(), tidyBodies)
			}
			return err
		},
		w.finish,
		func(ctx context.Context, tx *transaction) (err error) {
			var rows int64
			rows, bodies, err = f.deleteOldest(ctx, tx, used)
			bodies += gone
			gone += rows
			return err
		},
	} {
		err = errors.Join(err, f.within(ctx, step)) // where there is no room for one, there may be for the next
	}
	f.inLog = f.inLog || bodies > 0
	if err = errors.Join(err, f.pragma(context.WithoutCancel(ctx), `secure_delete = OFF`)); err != nil {
		return false, err
	}
	if err := f.emptyLog(ctx); err != nil {
		return false, err
	}
	shrink := f.o.MaxSize > 0 && all > f.o.MaxSize && all > used
	if shrink {
		err = errors.Join(f.pragma(ctx, fmt.Sprintf(`incremental_vacuum(%d)`, tidyPages)), f.limit(ctx))
	}
	return gone > 0 || shrink, err
}

// emptyLog writes the log into the file and cuts it off, once bodies were deleted: the
// log has them as they were. While somebody reads it is left for the next look.
func (f *File) emptyLog(ctx context.Context) error {
	if !f.inLog {
		return nil
	}
	var busy, pages, done int
	err := f.write.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &done)
	f.inLog = err != nil || busy != 0
	return worded(err)
}

func (f *File) pragma(ctx context.Context, pragma string) error {
	_, err := f.write.ExecContext(ctx, `PRAGMA `+pragma)
	return worded(err)
}

// pages is how much of the file is used, and how long it is, in bytes.
func (f *File) pages(ctx context.Context) (used, all int64, err error) {
	var count, free int64
	err = f.write.QueryRowContext(ctx, `SELECT (SELECT page_count FROM pragma_page_count), (SELECT freelist_count FROM pragma_freelist_count)`).Scan(&count, &free)
	return (count - free) * pageSize, count * pageSize, worded(err)
}

// deleteOldest deletes some of the rows that are too old or, where more than there
// is room for is used, of the oldest. Where bodies take the most, they go first.
func (f *File) deleteOldest(ctx context.Context, tx *transaction, used int64) (gone, bodies int64, err error) {
	before := int64(math.MinInt64) // told; what is older goes
	if f.o.Keep > 0 {
		before = f.now().Add(-f.o.Keep).UnixMilli()
	}
	where, args := `told < ?`, []any{tidyRows, before}
	if f.o.MaxSize > 0 && used+f.room > f.o.MaxSize/100*roomFor {
		var kept int64
		if err := tx.QueryRowContext(ctx, `SELECT coalesce((SELECT value FROM facts WHERE name = ?), 0)`, bodiesFact).Scan(&kept); err != nil {
			return 0, 0, err
		}
		if kept > used/2 {
			bodies, err = deleteBodies(ctx, tx, math.MaxInt64, fullBodies)
			return bodies, bodies, err
		}
		where, args = `TRUE`, args[:1]
	}
	// The last row of this step, and when it was told of.
	var last, told sql.NullInt64
	err = tx.QueryRowContext(ctx, `SELECT max(n), max(told) FROM (SELECT n, told FROM requests ORDER BY n LIMIT ?) WHERE `+where, args...).Scan(&last, &told)
	if err != nil {
		return 0, 0, err
	}
	if last.Valid { // whatever else is as old goes with it
		before = max(before, told.Int64)
	}
	for _, step := range []struct {
		statement string
		args      []any
	}{
		{`UPDATE words SET uses = uses - gone FROM (SELECT value AS w, count(*) AS gone FROM requests, json_each(requests.words) WHERE n <= ? GROUP BY value) AS g WHERE words.w = g.w`, []any{last.Int64}},
		{`DELETE FROM marks WHERE (w, n) IN (SELECT value, n FROM requests, json_each(requests.words) WHERE n <= ?)`, []any{last.Int64}},
		{`DELETE FROM requests WHERE n <= ?`, []any{last.Int64}},
		{`DELETE FROM words WHERE uses <= 0`, nil},
		{`DELETE FROM loose WHERE (id, number) IN (SELECT id, number FROM loose WHERE told < ? ORDER BY told LIMIT ?)`, []any{before, tidyRows}},
	} {
		done, err := tx.ExecContext(ctx, step.statement, step.args...)
		if err != nil {
			return 0, 0, err
		}
		if n, err := done.RowsAffected(); err == nil {
			gone += n
		}
	}
	bodies, err = deleteBodies(ctx, tx, before, tidyBodies)
	if gone > 0 {
		f.words.forget() // some are gone
	}
	return gone + bodies, bodies, err
}
