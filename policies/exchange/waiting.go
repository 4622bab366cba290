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
	ctx, cancel := context.WithTimeout(ctx, roomWait)
	defer cancel()
	if !w.begin(ctx) {
		return false
	}
	defer w.end()
	return w.room(ctx, take)
}

// begin waits until nobody else is first, and reports whether it is so.
func (w *waiting) begin(ctx context.Context) bool {
	w.make()
	select {
	case w.first <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// end lets somebody else be first.
func (w *waiting) end() { <-w.first }

// room is until for who is first already.
func (w *waiting) room(ctx context.Context, take func() bool) bool {
	for !take() {
		select {
		case <-w.freed:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// Receive takes the room for a long body that is about to be received, or was
// collected. It waits for it, or refuses the body.
func (a *attempt) Receive(ctx context.Context, n int) *policies.Reply {
	f := a.share.of
	if f == nil {
		return nil
	}
	defer a.collected() // not before: those that wait have theirs, too
	return a.wait(&f.waiting, func() bool {
		return f.waiting.until(ctx, func() bool { return a.share.setBody(int64(n)*bodyCost, a.isNew()) })
	})
}

// wait counts the attempt among those that wait. It refuses the body if they are
// too many, or if there was no room.
func (a *attempt) wait(w *waiting, until func() bool) *policies.Reply {
	limit := a.share.of.limit.Load()
	count := w.count.Add(1)
	defer w.count.Add(-1)
	if limit > 0 && (count-1)*waitingCost > limit/waitingShare || !until() {
		return a.overloaded()
	}
	return nil
}
