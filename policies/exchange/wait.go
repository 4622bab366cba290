package exchange

import (
	"context"
	"time"
)

// longestPause bounds a wait, whatever the memory says; no row of the verdict
// table has a longer one of its own.
const longestPause = 15 * time.Second

// untilDue is how long the attempt must still wait, as the one before has set
// it.
func (a *attempt) untilDue() time.Duration {
	if a.memory.Until.IsZero() {
		return 0
	}
	return min(a.memory.Until.Sub(a.x.clock.Now()), max(a.settings.MaxWait, longestPause))
}

// pause waits until the attempt is due. Candidates are chosen afterwards, among
// those that are ready then.
func (a *attempt) pause(ctx context.Context) error {
	d := a.untilDue()
	if d <= 0 {
		return nil
	}
	began := time.Now()
	err := pause(ctx, d)
	a.record.waited = time.Since(began)
	return err
}

// pause waits d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
