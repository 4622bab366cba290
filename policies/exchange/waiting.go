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
	// waitingCost is what of a body is in memory while it waits and is counted
	// nowhere else, in bytes: the part that has arrived and was not asked for,
	// which is HTTP/2's window.
	waitingCost = 1 << 20
	// waitingShare is the part of the bound that bodies which wait may take
	// beside it, as a divisor. More are refused at once.
	waitingShare = 16
)

// waiting are the long bodies that wait for room, in the order in which they
// came. Short ones do not wait: they take what there is, or are refused.
type waiting struct {
	count atomic.Int64
	cost  atomic.Int64 // of the windows of those, in bytes
	made  sync.Once
	first chan struct{} // of one: full while somebody is first

	mu    sync.Mutex
	freed chan struct{} // closed when those that wait should look again; nil if nobody asked
}

// turn is where who is first puts something, and takes it out in the end.
func (w *waiting) turn() chan struct{} {
	w.made.Do(func() { w.first = make(chan struct{}, 1) })
	return w.first
}

// end lets somebody else be first.
func (w *waiting) end() { <-w.first }

// again is closed as soon as there may be more room than now.
func (w *waiting) again() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.freed == nil {
		w.freed = make(chan struct{})
	}
	return w.freed
}

// look has those that wait see whether there is room now.
func (w *waiting) look() {
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

// until waits to be first, and then until take has taken the room. It reports
// whether it has.
func (w *waiting) until(ctx context.Context, take func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, roomWait)
	defer cancel()
	select {
	case w.turn() <- struct{}{}:
		defer w.end()
	case <-ctx.Done():
		return false
	}
	for {
		again := w.again()
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
// collected. It waits for it, or refuses the body. What was collected keeps its
// place meanwhile, and is not in its own way: fitsBody.
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
		return f.waiting.until(ctx, func() bool { return a.share.setBody(int64(n)*bodyCost, a.isNew()) })
	})
}

// wait counts the attempt among those that wait, and cost of its body, in bytes.
// It refuses the body if they take too much, or if there was no room.
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
