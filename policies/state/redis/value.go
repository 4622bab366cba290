package redis

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heald-proxy/heald/policies/state"
)

// Get implements state.Store.
func (s *Store) Get(ctx context.Context, key state.Key) ([]byte, error) {
	value, err := s.client.Get(ctx, valueKey(key)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return value, err
}

// Put implements state.Store.
func (s *Store) Put(ctx context.Context, key state.Key, value []byte, life time.Duration) error {
	if value == nil {
		value = []byte{}
	}
	return s.client.Do(ctx, "set", valueKey(key), value, "px", max(1, life.Milliseconds())).Err()
}

// Count implements state.Store.
func (s *Store) Count(ctx context.Context, key state.Key, life time.Duration) (int64, error) {
	c := &call{script: countScript, keys: []string{counterKey(key)}, args: []any{"", max(1, life.Milliseconds())}}
	s.run(ctx, c)
	if err := c.err(); err != nil {
		return 0, err
	}
	return number(c.cmd.Val()), nil
}
