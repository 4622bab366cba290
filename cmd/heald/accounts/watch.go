package accounts

import (
	"context"
	"time"
)

// Watch shows the report now, and again after each interval, until ctx ends. A
// failure of the first time ends it; later ones are shown, since a heald that
// restarts is back in a moment.
func Watch(ctx context.Context, interval time.Duration, show func(context.Context) error, tell func(error)) error {
	err := show(ctx)
	for err == nil {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(interval):
		}
		if again := show(ctx); again != nil && ctx.Err() == nil {
			tell(again)
		}
	}
	return err
}
