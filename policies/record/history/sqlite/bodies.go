package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
)

var _ record.BodyStore = (*File)(nil)

// longestBodies bounds what bodies of one request may take in JSON, in bytes, when
// they are read.
const longestBodies = 64 << 20

// packer and unpacker are used by several goroutines at once. Prompts and answers
// take a tenth, packed.
var (
	packer, _   = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	unpacker, _ = zstd.NewReader(nil, zstd.WithDecoderMaxMemory(longestBodies), zstd.WithDecoderConcurrency(1))
)

// WriteBodies keeps bodies, all or none.
func (f *File) WriteBodies(ctx context.Context, list []record.Bodies) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.missing(); err != nil {
		return err
	}
	return f.withRoom(ctx, func() (int64, error) { return f.writeBodies(ctx, list) })
}

func (f *File) writeBodies(ctx context.Context, list []record.Bodies) (bytes int64, err error) {
	err = f.within(ctx, func(ctx context.Context, tx *transaction) error {
		for i := range list {
			data, err := json.Marshal(&list[i])
			if err != nil {
				return err
			}
			data = packer.EncodeAll(data, nil)
			bytes += int64(len(data))
			if err := tx.exec(ctx, insertBodies, list[i].RequestID, f.now().UnixMilli(), data); err != nil {
				return err
			}
		}
		return tx.exec(ctx, addToFact, bodiesFact, bytes)
	})
	return bytes, err
}

// deleteBodies deletes some of the oldest that were told until a time, in ms.
func deleteBodies(ctx context.Context, tx *transaction, until int64, most int) (deleted int64, err error) {
	var bytes int64
	err = tx.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(length(data)), 0) FROM (SELECT data FROM bodies WHERE told <= ? ORDER BY told, b LIMIT ?)`, until, most).Scan(&deleted, &bytes)
	if err != nil || deleted == 0 {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM bodies WHERE b IN (SELECT b FROM bodies WHERE told <= ? ORDER BY told, b LIMIT ?)`, until, most); err != nil {
		return 0, err
	}
	return deleted, tx.exec(ctx, addToFact, bodiesFact, -bytes)
}

// Clients use request ids again, and bodies have the time at which their request ended.
const (
	// endedWithin is how far the time in a request's record may be from that.
	endedWithin = time.Second
	// mostBodiesOfID bounds the bodies that are decoded to find those of one request.
	mostBodiesOfID = 8
)

// Bodies returns those of the request with this id that ended about a time, or of the
// newest one where that is the zero time; or history.ErrNotFound: most requests have
// none. keep is how long they are kept; 0 for ever.
func (r *Reader) Bodies(ctx context.Context, requestID string, ended time.Time, keep time.Duration) (out record.Bodies, err error) {
	statement, args := `SELECT told, data FROM bodies WHERE id = ? ORDER BY b DESC LIMIT 1`, []any{requestID}
	if !ended.IsZero() { // they are written after that, the sooner the likelier
		statement, args = `SELECT told, data FROM bodies WHERE id = ? AND told >= ? ORDER BY told, b LIMIT ?`, []any{requestID, ended.Add(-endedWithin).UnixMilli(), mostBodiesOfID}
	}
	rows, err := r.db.QueryContext(ctx, statement, args...)
	if err != nil {
		return out, worded(err)
	}
	defer func() { err = errors.Join(err, worded(rows.Close())) }()
	found, off := false, endedWithin
	for rows.Next() {
		var told int64
		var data sql.RawBytes
		if err := rows.Scan(&told, &data); err != nil {
			return out, worded(err)
		}
		b, err := unpacked(data)
		if err != nil {
			return out, err
		}
		if keep > 0 {
			b.Expires = time.UnixMilli(told).Add(keep).UTC()
		}
		if ended.IsZero() {
			return b, nil
		}
		if by := b.Time.Sub(ended).Abs(); by <= off {
			out, found, off = b, true, by
		}
	}
	if err := rows.Err(); err != nil {
		return record.Bodies{}, worded(err)
	}
	if !found {
		return record.Bodies{}, history.ErrNotFound
	}
	return out, nil
}

// unpacked reads one row's bodies.
func unpacked(data []byte) (out record.Bodies, err error) {
	if data, err = unpacker.DecodeAll(data, nil); err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		err = fmt.Errorf("the bodies of a request in the file: %w", err)
	}
	return out, err
}

// Bodies returns those of the request with this id that ended about a time, or of the
// newest one where that is the zero time, and when they expire. What has expired is
// not shown, whether or not it was deleted yet.
func (f *File) Bodies(ctx context.Context, requestID string, ended time.Time) (record.Bodies, error) {
	b, err := f.Reader.Bodies(ctx, requestID, ended, f.o.BodiesKeep)
	if err == nil && f.o.BodiesKeep > 0 && !f.now().Before(b.Expires) {
		return record.Bodies{}, history.ErrNotFound
	}
	return b, err
}
