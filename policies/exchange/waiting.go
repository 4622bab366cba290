package exchange

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heald-proxy/heald/policies"
)

const (
	// roomWait is how long a body waits for room. Making a request of the
	// longest body takes below a second.
	roomWait = 10 * time.Second
	// waitingCost is how many bytes of a body are in memory while it waits and
	// are counted nowhere else: the part that has arrived without being asked
	// for, HTTP/2's window.
	waitingCost = 1 << 20
	// waitingShare is the part of the bound that waiting bodies may take beside
	// it, as a divisor. Further ones are refused at once.
	waitingShare = 16
)

// waiting is the queue of long bodies that wait for room, in the order in which
// they came. Short ones do not wait: they take the room that there is, or are
// refused.
type waiting struct {
	count atomic.Int64
	cost  atomic.Int64 // of the windows of those, in bytes
	made  sync.Once
	first chan struct{} // of one: full while somebody is first

	mu    sync.Mutex
	freed chan struct{} // closed when those that wait should look again; nil if nobody asked
}

// turn is the lock of the first body in the queue: a value in it means taken.
func (w *waiting) turn() chan struct{} {
	w.made.Do(func() { w.first = make(chan struct{}, 1) })
	return w.first
}

// endTurn lets the next body be first.
func (w *waiting) endTurn() { <-w.first }

// freedSignal is closed as soon as there may be more room than now.
func (w *waiting) freedSignal() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.freed == nil {
		w.freed = make(chan struct{})
	}
	return w.freed
}

// wake lets the waiting bodies check for room again.
func (w *waiting) wake() {
	if w.count.Load() == 0 {
		return // whoever comes now looks first
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.freed != nil {
		close(w.freed)
		w.freed = nil
	}
}

// waitTurn waits to be first, and then until take has taken the room. It reports
// whether take has.
func (w *waiting) waitTurn(ctx context.Context, take func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, roomWait)
	defer cancel()
	select {
	case w.turn() <- struct{}{}:
		defer w.endTurn()
	case <-ctx.Done():
		return false
	}
	for {
		again := w.freedSignal()
		if take() {
			return true
		}
		select {
		case <-again:
		case <-ctx.Done():
			return false
		}
	}
}

// Receive takes the room for a long body that is about to be received, or was
// collected. It waits for room, or refuses the body. A collected body keeps its
// room meanwhile, and does not block itself: fitsBody.
func (a *attempt) Receive(ctx context.Context, n int) *policies.Reply {
	f := a.share.of
	if f == nil {
		return nil
	}
	cost := int64(waitingCost)
	if a.share.use != made {
		cost = 0 // all of it is counted
	}
	defer a.endTurn()
	return a.wait(&f.waiting, cost, func() bool {
		return f.waiting.waitTurn(ctx, func() bool { return a.share.setBody(int64(n)*bodyCost, a.isNew()) })
	})
}

// wait counts the attempt as waiting, and cost bytes of its body. It refuses the
// body if the waiting ones take too much, or if there was no room.
func (a *attempt) wait(w *waiting, cost int64, until func() bool) *policies.Reply {
	limit := a.share.of.limit.Load()
	w.count.Add(1)
	defer w.count.Add(-1)
	others := w.cost.Add(cost) - cost
	defer w.cost.Add(-cost)
	if limit > 0 && cost > 0 && others > limit/waitingShare || !until() {
		return a.overloaded()
	}
	return nil
}
