package exchange

import (
	"context"
	"time"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
)

// longestPause bounds a wait, whatever the memory says; no row of the verdict
// table has a longer one of its own.
const longestPause = 15 * time.Second

// wait is how long the attempt waits before it asks an account for a model.
func (a *attempt) wait(account *account.Account, model string) time.Duration {
	return max(a.untilDue(), a.untilReady(account, model))
}

// untilDue is how long the attempt must still wait.
func (a *attempt) untilDue() time.Duration {
	if a.memory.Until.IsZero() {
		return 0
	}
	return min(a.memory.Until.Sub(a.x.clock.Now()), max(a.settings.MaxWait, longestPause))
}

// untilReady is how long an attempt waits for an account that is over its rate
// limit: what is ready at once was preferred. It does not wait in part: what
// takes too long is asked at once. No other cooldown is waited for: with one
// backend, the failures of one client must not keep the others.
func (a *attempt) untilReady(account *account.Account, model string) time.Duration {
	d := a.x.pool.RemainingOf(heal.ReasonRateLimit, account.ID, model)
	if a.counts() || !a.mayWait(d) {
		return 0
	}
	return d
}

// mayWait reports whether an attempt may wait so long for something to become
// ready.
func (a *attempt) mayWait(d time.Duration) bool {
	return d <= a.settings.MaxWait && d < a.untilDeadline()
}

// pause waits until the attempt may ask its account.
func (a *attempt) pause(ctx context.Context) error {
	d := a.wait(a.account, a.model)
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
