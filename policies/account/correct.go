package account

import (
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies/state"
)

const (
	// worthPercent is how far a reservation must be off, in percent of it, for the
	// store to be told before the end; worthFull is the same if the group's minute
	// is nearly full, so that other requests may wait for the difference.
	worthPercent, worthFull = 5, 1
	// nearlyFull is from which percentage of its limit on a minute is that.
	nearlyFull = 90
)

// Correct implements Lease. Without a limit nothing is reserved, and the store
// is not told.
func (l *lease) Correct(c Correction) {
	b, p := l.booking, l.p
	if b == nil {
		return
	}
	p.mu.Lock()
	if l.done || b.correcting || !b.worthReporting(&c) {
		p.mu.Unlock()
		return
	}
	b.correcting = true
	fewer := c.Tokens < l.tokens
	l.recount(time.Now(), c.Tokens)
	p.mu.Unlock()
	receipt := b.correct(&c)
	p.mu.Lock()
	b.receipt, b.correcting = receipt, false
	if fewer { // only now the store has room again
		l.quota.room.tokens, l.quota.room.amount = time.Time{}, 0
	}
	if late := b.late; late != nil {
		p.mu.Unlock()
		b.end(late)
		return
	}
	defer p.mu.Unlock()
	delete(p.tenants, l.tenant)
	p.dispatch(time.Now())
}

// worthReporting reports whether the store should be told of a correction.
func (b *booking) worthReporting(c *Correction) bool {
	off := func(reserved, really int64, percent int64) bool {
		d := really - reserved
		return d != 0 && 100*max(d, -d) >= reserved*percent
	}
	if p := b.receipt.Place; p.Rates.Tokens > 0 {
		percent := int64(worthPercent)
		if b.quota.load.Tokens >= p.Rates.Tokens/100*nearlyFull {
			percent = worthFull
		}
		if off(p.Tokens, c.Tokens, percent) {
			return true
		}
	}
	for i := range b.receipt.Budgets[:min(len(b.receipt.Budgets), len(c.Amounts))] {
		if n := b.receipt.Budgets[i].Amount; c.Amounts[i] < n && off(n, c.Amounts[i], worthPercent) {
			return true
		}
	}
	return false
}

// recount corrects this replica's count of the attempt's tokens; p.mu is held.
func (l *lease) recount(now time.Time, tokens int64) {
	by := tokens - l.tokens
	l.quota.load.Tokens += by
	l.quota.uncounted.correct(now, l.began, 0, by)
	l.tokens = tokens
}

// correct tells the store, and returns the receipt of what is reserved then.
func (b *booking) correct(c *Correction) state.Receipt {
	ctx, cancel := b.p.settling()
	defer cancel()
	receipt, err := b.p.store.Correct(ctx, state.Correction{Receipt: b.receipt, Tokens: c.Tokens, Amounts: c.Amounts})
	if err != nil {
		b.p.log.Debug("the store may not know how large an attempt's prompt is; its end is told", zap.Error(err))
	}
	return receipt
}
