package exchange

import (
	"context"

	"github.com/heald-proxy/heald/policies"
)

const (
	// collectShare is the part of the bound that bodies may take while they
	// arrive, beside all else, as a divisor. Past it one body at a time grows: a
	// slow client may be the one, but what the others have is finished all the
	// same.
	collectShare = 4
	// tenantShare is what the bodies of one tenant may take of it, as a divisor
	// of the bound: a tenant's slow clients are not in the way of the others.
	tenantShare = 2 * collectShare
	// smallBody is up to which length bodies need not wait for the one that
	// grows, but take the room that there is, in bytes. A tenant's small ones take
	// collectShare at most.
	smallBody = 1 << 20
)

// Collect takes the room for a body that still arrives: room bytes are to be kept
// of it, need have come. It takes none for what was only announced: clients may
// send slowly, or stop.
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

// grow takes n bytes for the body if it may have them now. Only one that grows
// alone keeps the turn: a moment without room does not make a small body the one.
func (a *attempt) grow(n int64) bool {
	s := &a.share
	if s.change(n, arriving, s.fitsReserve) || s.change(n, arrivingPast, func(n int64) bool { return s.fitsPast(n, a.isNew()) }) {
		a.endTurn()
		return true
	}
	return a.turn && s.change(n, arrivingAlone, func(n int64) bool { return s.fitsAlone(n, a.isNew()) })
}

// waitToGrow waits for the room, and to be the one that grows alone.
func (a *attempt) waitToGrow(ctx context.Context, n int64) bool {
	ctx, cancel := context.WithTimeout(ctx, roomWait)
	defer cancel()
	w := &a.share.of.growing
	for {
		again, turn := w.again(), w.turn()
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
		a.share.of.growing.end()
	}
}
