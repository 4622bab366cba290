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

// Bodies returns those of the newest request with this id, or history.ErrNotFound:
// most requests have none. keep is how long they are kept; 0 for ever.
func (r *Reader) Bodies(ctx context.Context, requestID string, keep time.Duration) (record.Bodies, error) {
	var out record.Bodies
	var told int64
	var data []byte
	err := r.db.QueryRowContext(ctx, `SELECT told, data FROM bodies WHERE id = ? ORDER BY b DESC LIMIT 1`, requestID).Scan(&told, &data)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return out, history.ErrNotFound
	case err != nil:
		return out, worded(err)
	}
	if data, err = unpacker.DecodeAll(data, nil); err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		return out, fmt.Errorf("the bodies of a request in the file: %w", err)
	}
	if keep > 0 {
		out.Expires = time.UnixMilli(told).Add(keep).UTC()
	}
	return out, nil
}

// Bodies returns those of the newest request with this id, and when they expire.
// What has expired is not shown, whether or not it was deleted yet.
func (f *File) Bodies(ctx context.Context, requestID string) (record.Bodies, error) {
	b, err := f.Reader.Bodies(ctx, requestID, f.o.BodiesKeep)
	if err == nil && f.o.BodiesKeep > 0 && !f.now().Before(b.Expires) {
		return record.Bodies{}, history.ErrNotFound
	}
	return b, err
}
