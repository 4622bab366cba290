package redis

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// streamLength is about how many entries a stream keeps: some hundred MB of
// records at the most.
const streamLength = 200_000

// The fields of an entry of a stream.
const (
	recordField = "record"
	fromField   = "from" // the replica's name
)

// Append adds entries to a stream, each under the field "record", in one round
// trip. The oldest entries go once there are many.
func (s *Store) Append(ctx context.Context, stream string, values ...[]byte) error {
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, v := range values {
			p.XAdd(ctx, &redis.XAddArgs{Stream: stream, MaxLen: streamLength, Approx: true, Values: []any{recordField, v, fromField, s.replica}})
		}
		return nil
	})
	return err
}

// Newer returns entries of a stream after the one with an id, the oldest first, or
// the first ones of all for "": at most limit. A value is nil where this replica has
// appended the entry itself.
func (s *Store) Newer(ctx context.Context, stream, after string, limit int) (ids []string, values [][]byte, err error) {
	from := "-"
	if after != "" {
		from = "(" + after
	}
	return s.others(s.client.XRangeN(ctx, stream, from, "+", int64(limit)).Result())
}

// Older returns entries of a stream before the one with an id, the newest first, or
// the last ones of all for "". All else is as with Newer.
func (s *Store) Older(ctx context.Context, stream, before string, limit int) (ids []string, values [][]byte, err error) {
	from := "+"
	if before != "" {
		from = "(" + before
	}
	return s.others(s.client.XRevRangeN(ctx, stream, from, "-", int64(limit)).Result())
}

// others takes the records of other replicas out of entries.
func (s *Store) others(entries []redis.XMessage, err error) (ids []string, values [][]byte, _ error) {
	for _, e := range entries {
		ids = append(ids, e.ID)
		value, ok := e.Values[recordField].(string)
		if !ok || e.Values[fromField] == s.replica {
			values = append(values, nil)
			continue
		}
		values = append(values, []byte(value))
	}
	return ids, values, err
}

// Replica is the name of this process among those of the pool.
func (s *Store) Replica() string { return s.replica }
