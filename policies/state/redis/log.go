package redis

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// silence is the client library's log: it would say each connection that fails,
// where the guard says once what that means.
type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

func init() { redis.SetLogger(silence{}) }
