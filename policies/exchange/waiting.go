package exchange

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heald-proxy/heald/policies"
)

const (
	// roomWait is how long a body waits for room. To make a request of the
	// longest takes below a second.
	roomWait = 10 * time.Second
	// waitingCost is what a body takes while it waits, in bytes: the part that
	// has arrived, which is HTTP/2's window.
	waitingCost = 1 << 20
	// waitingShare is the part of the bound that bodies which wait may take
	// beside it, as a divisor. More are refused at once.
	waitingShare = 16
)

// waiting are the long bodies that wait for room, in the order in which they
// came. Short ones do not wait: they take what there is, or are refused.
type waiting struct {
	made  sync.Once
	first chan struct{} // of one: full while somebody is first
	freed chan struct{} // of one: full if the first should look again
	count atomic.Int64
}

func (w *waiting) make() {
	w.made.Do(func() { w.first, w.freed = make(chan struct{}, 1), make(chan struct{}, 1) })
}

// look has the first one see whether there is room now.
func (w *waiting) look() {
	w.make()
	select {
	case w.freed <- struct{}{}:
	default:
	}
}

// until waits until take has taken the room, and reports whether it has.
func (w *waiting) until(ctx context.Context, take func() bool) bool {
	w.make()
	ctx, cancel := context.WithTimeout(ctx, roomWait)
	defer cancel()
	select {
	case w.first <- struct{}{}:
		defer func() { <-w.first }()
	case <-ctx.Done():
		return false
	}
	for !take() {
		select {
		case <-w.freed:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// Receive takes the room for a long body that is about to be received. It waits
// for it, or refuses the body.
func (a *attempt) Receive(ctx context.Context, n int) *policies.Reply {
	f := a.share.of
	if f == nil {
		return nil
	}
	limit := f.limit.Load()
	count := f.waiting.count.Add(1)
	defer f.waiting.count.Add(-1)
	if limit > 0 && (count-1)*waitingCost > limit/waitingShare {
		return a.overloaded()
	}
	if f.waiting.until(ctx, func() bool { return a.share.set(int64(n)*bodyCost, a.isNew()) }) {
		return nil
	}
	return a.overloaded()
}
