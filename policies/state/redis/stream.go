package redis

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// streamLength is about how many entries a stream keeps: some hundred MB of
// records at the most.
const streamLength = 200_000

// Append adds entries to a stream, each under the field "record", in one round
// trip. The oldest entries go once there are many.
func (s *Store) Append(ctx context.Context, stream string, values ...[]byte) error {
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, v := range values {
			p.XAdd(ctx, &redis.XAddArgs{Stream: stream, MaxLen: streamLength, Approx: true, Values: []any{"record", v}})
		}
		return nil
	})
	return err
}

// Replica is the name of this process among those of the pool.
func (s *Store) Replica() string { return s.replica }
