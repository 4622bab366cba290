package redis

import (
	"context"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// mustBeat is take's answer to a replica that must beat first.
const mustBeat = -2

// Take implements state.Store. Tenant and places are two scripts in one round
// trip, since they may be on two nodes of a cluster; if one of them refuses, what
// the other took is given back before Take returns. The receipt refers to want,
// which must not be changed before Settle.
func (s *Store) Take(ctx context.Context, want *state.Want) (state.Taken, error) {
	for again := false; ; again = true {
		taken, lost, err := s.take(ctx, want)
		if err != nil || !lost {
			return taken, err
		}
		if again {
			return state.Taken{Place: -1}, errReply
		}
		// Nothing was taken: this replica must say what it holds.
		if err := s.Beat(ctx); err != nil {
			return state.Taken{Place: -1}, err
		}
	}
}

func (s *Store) take(ctx context.Context, want *state.Want) (_ state.Taken, lost bool, _ error) {
	out := state.Taken{Place: -1}
	if err := ctx.Err(); err != nil {
		return out, false, err
	}
	places := want.Places[:min(len(want.Places), state.MostPlaces)]
	var calls []*call
	var tenant, place *call
	if want.Tenant != nil {
		tenant = s.tenantCall(want.Tenant)
		calls = append(calls, tenant)
	}
	if len(places) > 0 {
		place = s.placeCall(places)
		calls = append(calls, place)
	}
	if len(calls) == 0 {
		return out, false, nil
	}
	s.run(ctx, calls...)

	var tenantErr, placeErr error
	if tenant != nil {
		tenantErr = s.tenantTaken(tenant, want.Tenant, &out)
	}
	if place != nil {
		lost, placeErr = s.placeTaken(place, places, &out)
	}
	refused := tenantErr != nil || out.Tenant != "" || placeErr != nil || lost || len(places) > 0 && out.Place < 0
	if refused {
		s.giveBack(ctx, &out)
	}
	if tenantErr != nil {
		return out, false, tenantErr
	}
	return out, lost, placeErr
}

// giveBack undoes one half of a Take whose other half was refused.
func (s *Store) giveBack(ctx context.Context, out *state.Taken) {
	receipt := out.Receipt
	out.Place, out.Receipt = -1, state.Receipt{}
	if receipt.Tenant == "" && receipt.Place == nil {
		return
	}
	undo := state.Settlement{Receipt: receipt, Unsent: true}
	if ctx.Err() != nil {
		_ = s.Settle(context.WithoutCancel(ctx), undo) // it never fails
		return
	}
	s.settle(ctx, []state.Settlement{undo})
}

func (s *Store) tenantCall(want *state.TenantWant) *call {
	slots, incarnation := s.tenants.taking(want.Name)
	s.reserved.taking(want.Name, want.Budgets)
	grace := s.grace()
	if s.known.Load().replicas <= 1 {
		grace = 0 // nobody else holds anything
	}
	c := &call{script: tenantTakeScript, keys: []string{tenantKey(want.Name)}, args: []any{
		s.timing.now(), s.replica, incarnation, s.newIncarnation(), want.Slots, slots, s.timing.Silent.Microseconds(), grace.Microseconds()}}
	for i := range want.Budgets {
		b := &want.Budgets[i]
		c.args = append(c.args, b.Name, b.Ends.UnixMilli(), b.Limit, b.Amount, s.totals.of(totalKey{want.Name, b.Name}, b.Ends))
	}
	return c
}

// tenantTaken reads tenantTake's answer.
func (s *Store) tenantTaken(c *call, want *state.TenantWant, out *state.Taken) error {
	answer, err := c.list()
	if err == nil && len(answer) != 3+len(want.Budgets) {
		err = errReply
	}
	if err != nil {
		s.tenants.took(want.Name, false, "")
		s.reserved.took(want.Name, want.Budgets, false)
		return err
	}
	refused := number(answer[0])
	s.reserved.took(want.Name, want.Budgets, refused == 0)
	s.tenants.took(want.Name, refused == 0 && want.Slots > 0, text(answer[2]))
	out.Service = integer(text(answer[1]))
	for i := range want.Budgets {
		b := &want.Budgets[i]
		s.totals.note(totalKey{want.Name, b.Name}, b.Ends, number(answer[3+i]))
	}
	switch {
	case refused < 0:
		out.Tenant = state.TenantSlots
	case refused > 0:
		b := &want.Budgets[refused-1]
		out.Tenant, out.TenantReady = b.Name, b.Ends
	default:
		out.Receipt.Tenant, out.Receipt.Slot, out.Receipt.Budgets = want.Name, want.Slots > 0, want.Budgets
	}
	return nil
}

func (s *Store) placeCall(places []state.Place) *call {
	c := &call{script: takeScript, keys: []string{s.keys.replicas, s.keys.summary}, args: []any{s.timing.now(), s.replica, s.known.Load().incarnation}}
	for i := range places {
		p := &places[i]
		s.accounts.taking(p.Account)
		var dayEnds int64
		if !p.DayEnds.IsZero() {
			dayEnds = p.DayEnds.UnixMilli()
		}
		c.keys = append(c.keys, s.keys.accounts+p.Account, s.keys.groups+p.Group)
		c.args = append(c.args, p.Account, p.Slots, p.Group, p.Model, p.Rates.Requests, p.Rates.Tokens, p.Rates.Day, p.Tokens, dayEnds)
	}
	return c
}

// placeTaken reads take's answer.
func (s *Store) placeTaken(c *call, places []state.Place, out *state.Taken) (lost bool, err error) {
	answer, err := c.list()
	taken := -1
	if err == nil {
		taken = int(number(answer[0]))
		lost = taken == mustBeat
	}
	for i := range places {
		s.accounts.took(places[i].Account, i == taken, "")
	}
	if err != nil || lost {
		return lost, err
	}
	if len(answer)%2 != 0 || taken >= len(places) {
		return false, errReply
	}
	for i := 2; i+1 < len(answer); i += 2 {
		in := time.Duration(number(answer[i+1])) * time.Microsecond
		out.Full = append(out.Full, state.Full{Limit: text(answer[i]), In: s.sooner(in)})
	}
	if taken >= 0 {
		out.Place = taken
		out.Receipt.Place, out.Receipt.At = &places[taken], number(answer[1])
	}
	return false, nil
}

// sooner is when to ask again of a place that is full for so long. While replicas
// return to data that was lost, the store keeps back the part of those that are to
// come: most of it is free as soon as they are there.
func (s *Store) sooner(in time.Duration) time.Duration {
	if in <= 0 {
		return in
	}
	back := time.Until(time.Unix(0, s.relearn.Load()))
	if back <= 0 {
		return in
	}
	return min(in, back)
}
