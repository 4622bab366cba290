package exchange

import (
	"context"

	"github.com/heald-proxy/heald/policies"
)

const (
	// collectShare is the part of the bound that arriving bodies may take, as a
	// divisor. Past it one body at a time may grow: that one may be of a slow
	// client, but the bodies that are complete are served anyway.
	collectShare = 4
	// tenantShare is the part of the bound that arriving bodies of one tenant
	// may take, as a divisor: slow clients of one tenant do not block the
	// others.
	tenantShare = 2 * collectShare
	// smallBody is the length in bytes up to which a body need not wait for the
	// one that grows, but takes the room that there is. Small bodies of a tenant
	// take collectShare at most.
	smallBody = 1 << 20
)

// Collect takes the room for a body that is still arriving: room bytes of it are
// to be kept, need bytes have arrived. It takes no room for a length that was
// only announced: clients may send slowly, or stop.
func (a *attempt) Collect(ctx context.Context, need, room int) *policies.Reply {
	if reply := a.checkLength(need); reply != nil {
		return reply
	}
	f := a.share.of
	if f == nil {
		return nil
	}
	if a.share.use == made && a.caller.KeyID != "" { // the first time
		a.share.tenant = a.caller.Tenant.Name
	}
	if a.grow(int64(room)) {
		return nil
	}
	return a.wait(&f.growing, waitingCost, func() bool { return a.waitToGrow(ctx, int64(room)) })
}

// grow takes n bytes for the body if there is room now. Only a body that grows
// alone keeps the turn: a moment without room does not make a small body the one
// that grows.
func (a *attempt) grow(n int64) bool {
	s := &a.share
	if s.change(n, arriving, s.fitsReserve) || s.change(n, arrivingPast, func(n int64) bool { return s.fitsPast(n, a.isNew()) }) {
		a.endTurn()
		return true
	}
	return a.turn && s.change(n, arrivingAlone, func(n int64) bool { return s.fitsAlone(n, a.isNew()) })
}

// waitToGrow waits for room, and for the turn to grow alone.
func (a *attempt) waitToGrow(ctx context.Context, n int64) bool {
	ctx, cancel := context.WithTimeout(ctx, roomWait)
	defer cancel()
	w := &a.share.of.growing
	for {
		again, turn := w.freedSignal(), w.turn()
		if a.grow(n) {
			return true
		}
		if a.turn {
			turn = nil
		}
		select {
		case turn <- struct{}{}:
			a.turn = true
		case <-again:
		case <-ctx.Done():
			return false
		}
	}
}

// endTurn lets another body grow alone.
func (a *attempt) endTurn() {
	if a.turn {
		a.turn = false
		a.share.of.growing.endTurn()
	}
}
