package simulate

import (
	"context"
	"sync"
	"time"
)

// chooser is what differs between the baselines. Its methods are called under
// the baseline's lock.
type chooser interface {
	// choose returns an account; or -1, and how long until there is one.
	choose(r *Request, tried []int) (account int, after time.Duration)
	// noted is called at each attempt's first content or failure, ended at its
	// end.
	noted(account int, r *Request, reply Reply)
	ended(account int, r *Request, reply Reply)
}

// baseline is a policy that chooses at once, or refuses.
type baseline struct {
	mu      *sync.Mutex // replicas that share a chooser share it
	chooser chooser
}

// Acquire implements [Policy].
func (b *baseline) Acquire(_ context.Context, r *Request, tried []int) (Lease, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	account, after := b.chooser.choose(r, tried)
	if account < 0 {
		return nil, &Refused{after}
	}
	return &baselineLease{b, account, r}, nil
}

// Close implements [Policy].
func (b *baseline) Close() {}

type baselineLease struct {
	b       *baseline
	account int
	r       *Request
}

// Account implements [Lease].
func (l *baselineLease) Account() int { return l.account }

// Note implements [Lease].
func (l *baselineLease) Note(reply Reply) {
	l.b.mu.Lock()
	defer l.b.mu.Unlock()
	l.b.chooser.noted(l.account, l.r, reply)
}

// Done implements [Lease].
func (l *baselineLease) Done(reply Reply) {
	l.b.mu.Lock()
	defer l.b.mu.Unlock()
	l.b.chooser.ended(l.account, l.r, reply)
}
