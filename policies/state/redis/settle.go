package redis

import (
	"context"

	"github.com/heald-proxy/heald/policies/state"
)

// batch are the settlements of one round trip.
const batch = 256

// ending is what the queue holds: the end of what was taken, or a correction of
// it on the way there. What is in the queue is sent in order, so a correction is at
// the store before its end.
type ending struct {
	state.Settlement
	to *state.Receipt // what a correction makes of Settlement.Receipt; nil for an end
}

// enqueue reports whether there was room.
func (s *Store) enqueue(e ending) bool {
	s.waiting.Add(1)
	select {
	case s.queue <- e:
		return true
	default:
		s.waiting.Done()
		return false
	}
}

// Correct implements state.Store. Like Settle it queues, and never fails or waits;
// where the queue is full nothing is corrected.
func (s *Store) Correct(_ context.Context, c state.Correction) (state.Receipt, error) {
	to, changed := c.Corrected()
	if !changed {
		return to, nil
	}
	by := lowered(&c.Receipt, &to)
	s.reserved.correcting(to.Tenant, by) // first: it may be sent at once
	if !s.enqueue(ending{state.Settlement{Receipt: c.Receipt}, &to}) {
		s.reserved.uncorrected(to.Tenant, by)
		return c.Receipt, nil
	}
	return to, nil
}

// lowered are the budgets with what a correction takes from each.
func lowered(from, to *state.Receipt) []state.Budget {
	out := make([]state.Budget, len(to.Budgets))
	for i := range out {
		out[i] = to.Budgets[i]
		out[i].Amount = from.Budgets[i].Amount - to.Budgets[i].Amount
	}
	return out
}

// Settle implements state.Store. It queues, and never fails or waits: what finds
// the queue full is dropped and counted.
func (s *Store) Settle(_ context.Context, ended ...state.Settlement) error {
	for i := range ended {
		if !s.enqueue(ending{Settlement: ended[i]}) {
			s.dropped.add()
			s.forget(&ended[i])
		}
	}
	return nil
}

// forget counts a slot as given back without telling the store: the next
// heartbeat does. What was reserved counts as used.
func (s *Store) forget(e *state.Settlement) {
	s.reserved.forget(e.Receipt.Tenant, e.Receipt.Budgets)
	if e.Receipt.Slot {
		s.tenants.hold(e.Receipt.Tenant, -1)
	}
	if e.Receipt.Place != nil {
		s.accounts.hold(e.Receipt.Place.Account, -1)
	}
}

// settlements sends what is queued, as much as there is in one round trip, until
// Close; then what is left.
func (s *Store) settlements(ctx context.Context) {
	for {
		var next ending
		select {
		case next = <-s.queue:
		case <-s.closed:
			select {
			case next = <-s.queue:
			default:
				return
			}
		}
		all := []ending{next}
		for more := true; more && len(all) < batch; {
			select {
			case next = <-s.queue:
				all = append(all, next)
			default:
				more = false
			}
		}
		s.background(ctx, func(ctx context.Context) { s.settle(ctx, all) })
		s.waiting.Add(-len(all))
	}
}

// background runs work in the background, with a deadline.
func (s *Store) background(ctx context.Context, work func(context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, s.timing.Background)
	defer cancel()
	work(ctx)
}

// settle sends settlements and corrections in one round trip, once. What fails is
// not repeated, since it may have succeeded: its slot is corrected by heartbeats, and
// so is what a correction was to give back of budgets; reservations that were to be
// settled count as used.
func (s *Store) settle(ctx context.Context, all []ending) {
	var calls []*call
	tenants := make([]*call, len(all))
	known := s.known.Load().incarnation
	for i := range all {
		e := &all[i]
		if e.to != nil {
			calls = append(calls, s.corrections(e, known)...)
			continue
		}
		if e.Receipt.Tenant != "" {
			tenants[i] = s.tenantEnd(&e.Settlement)
			calls = append(calls, tenants[i])
		}
		if e.Receipt.Place != nil {
			s.accounts.ending(e.Receipt.Place.Account)
			calls = append(calls, s.placeEnd(&e.Settlement, known))
		}
	}
	if len(calls) == 0 {
		return
	}
	s.run(ctx, calls...)
	for _, c := range calls {
		switch {
		case c.err() != nil:
			s.lost.add()
		case c.script == settleScript && number(c.cmd.Val()) == 0:
			s.wake() // the data was lost: say what this replica holds
		}
	}
	for i := range all {
		e := &all[i]
		if e.to != nil {
			s.reserved.corrected(e.Receipt.Tenant, lowered(&e.Receipt, e.to))
			continue
		}
		if e.Receipt.Slot {
			s.tenants.ended(e.Receipt.Tenant)
		}
		if c := tenants[i]; c != nil {
			s.reserved.ended(e.Receipt.Tenant, e.Receipt.Budgets, c.err() == nil)
		}
		if e.Receipt.Place != nil {
			s.accounts.ended(e.Receipt.Place.Account)
		}
	}
}

// corrections are the calls that correct what is reserved. They are the scripts of
// the end, which give back no slot, so that Redis knows both or neither, and what is
// sent again stays in order.
func (s *Store) corrections(e *ending, known string) (calls []*call) {
	tenant := &call{script: tenantSettleScript, keys: []string{tenantKey(e.Receipt.Tenant)}, args: []any{s.timing.now(), s.replica, "", 0, 0}}
	for _, b := range lowered(&e.Receipt, e.to) {
		if b.Amount != 0 {
			tenant.args = append(tenant.args, s.settled(e.Receipt.Tenant, &b, -b.Amount)...)
		}
	}
	if len(tenant.args) > 5 {
		calls = append(calls, tenant)
	}
	if p := e.Receipt.Place; p != nil && e.to.Place.Tokens != p.Tokens {
		calls = append(calls, s.placeCorrection(&e.Receipt, known, rates{tokens: e.to.Place.Tokens - p.Tokens}))
	}
	return calls
}

// settled are the arguments of tenant_settle for a budget: its use changes by so
// much, and Amount is not reserved any more.
func (s *Store) settled(tenant string, b *state.Budget, by int64) []any {
	return []any{b.Name, b.Ends.UnixMilli(), by, s.totals.of(totalKey{tenant, b.Name}, b.Ends), b.Amount}
}

func (s *Store) tenantEnd(e *state.Settlement) *call {
	slot, incarnation := 0, ""
	if e.Receipt.Slot {
		slot, incarnation = 1, s.tenants.ending(e.Receipt.Tenant)
	}
	s.reserved.ending(e.Receipt.Tenant, e.Receipt.Budgets)
	c := &call{script: tenantSettleScript, keys: []string{tenantKey(e.Receipt.Tenant)}, args: []any{s.timing.now(), s.replica, incarnation, slot, e.Service}}
	for i := range e.Receipt.Budgets {
		b := &e.Receipt.Budgets[i]
		var by int64
		switch {
		case e.Unsent:
			by = -b.Amount
		case i < len(e.Used):
			by = e.Used[i] - b.Amount
		}
		if by != 0 || b.Amount != 0 {
			c.args = append(c.args, s.settled(e.Receipt.Tenant, b, by)...)
		}
	}
	return c
}

func (s *Store) placeEnd(e *state.Settlement, known string) *call {
	by := rates{slots: -1}
	switch {
	case e.Unsent:
		by.requests, by.tokens, by.day = -1, -e.Receipt.Place.Tokens, -1
	case e.Tokens >= 0:
		by.tokens = e.Tokens - e.Receipt.Place.Tokens
	}
	return s.placeCorrection(&e.Receipt, known, by)
}

// rates are changes of what was taken at a place.
type rates struct{ slots, requests, tokens, day int64 }

// placeCorrection is the call that makes them.
func (s *Store) placeCorrection(r *state.Receipt, known string, by rates) *call {
	p := r.Place
	var dayEnds int64
	if !p.DayEnds.IsZero() {
		dayEnds = p.DayEnds.UnixMilli()
	}
	return &call{script: settleScript, keys: []string{s.keys.summary, s.keys.accounts + p.Account, s.keys.groups + p.Group},
		args: []any{s.timing.now(), s.replica, known, p.Account, p.Group, p.Model, r.At, by.requests, by.tokens, by.day, dayEnds, by.slots}}
}
