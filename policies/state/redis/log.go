package redis

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// silence discards the client library's log, which has a line for each failed
// connection; the guard logs the outage once.
type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

func init() { redis.SetLogger(silence{}) }
