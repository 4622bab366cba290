package redis

import (
	"context"

	"github.com/heald-proxy/heald/policies/state"
)

// batch are the settlements of one round trip.
const batch = 256

// Settle implements state.Store. It queues, and never fails or waits: what finds
// the queue full is dropped and counted.
func (s *Store) Settle(_ context.Context, ended ...state.Settlement) error {
	for _, e := range ended {
		s.waiting.Add(1)
		select {
		case s.queue <- e:
		default:
			s.dropped.add()
			s.forget(&e)
			s.waiting.Done()
		}
	}
	return nil
}

// forget counts a slot as given back that nobody tells the store of: the next
// heartbeat does. What was reserved stands as used.
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
		var next state.Settlement
		select {
		case next = <-s.queue:
		case <-s.closed:
			select {
			case next = <-s.queue:
			default:
				return
			}
		}
		all := []state.Settlement{next}
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

// background runs what nobody waits for.
func (s *Store) background(ctx context.Context, work func(context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, s.timing.Background)
	defer cancel()
	work(ctx)
}

// settle sends settlements in one round trip, once. What fails is not repeated,
// since it may have succeeded: its slot is corrected by heartbeats, and its
// reservations count as used.
func (s *Store) settle(ctx context.Context, ended []state.Settlement) {
	var calls []*call
	tenants := make([]*call, len(ended))
	known := s.known.Load().incarnation
	for i := range ended {
		e := &ended[i]
		if e.Receipt.Tenant != "" {
			tenants[i] = s.tenantEnd(e)
			calls = append(calls, tenants[i])
		}
		if e.Receipt.Place != nil {
			s.accounts.ending(e.Receipt.Place.Account)
			calls = append(calls, s.placeEnd(e, known))
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
	for i := range ended {
		e := &ended[i]
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
			c.args = append(c.args, b.Name, b.Ends.UnixMilli(), by, s.totals.of(totalKey{e.Receipt.Tenant, b.Name}, b.Ends), b.Amount)
		}
	}
	return c
}

func (s *Store) placeEnd(e *state.Settlement, known string) *call {
	p := e.Receipt.Place
	var requests, tokens, day, dayEnds int64
	switch {
	case e.Unsent:
		requests, tokens, day = -1, -p.Tokens, -1
	case e.Tokens >= 0:
		tokens = e.Tokens - p.Tokens
	}
	if !p.DayEnds.IsZero() {
		dayEnds = p.DayEnds.UnixMilli()
	}
	return &call{script: settleScript, keys: []string{s.keys.summary, s.keys.accounts + p.Account, s.keys.groups + p.Group},
		args: []any{s.timing.now(), s.replica, known, p.Account, p.Group, p.Model, e.Receipt.At, requests, tokens, day, dayEnds}}
}
