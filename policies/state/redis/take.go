package redis

import (
	"context"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// mustBeat is take's answer to a replica that must beat first.
const mustBeat = -2

// roomAlone is the tenant's answer where nothing was taken though it has room.
const roomAlone = -2

// Take implements state.Store. The receipt refers to want, which must not be changed
// before Settle.
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

// take takes in one round trip. In a cluster tenant and places may be on two
// nodes, and each takes without knowing of the other: where one of them
// refuses, what the other took is given back, though others may have been
// refused for it meanwhile. So a recently refused tenant or account is first
// checked without taking; and a refusal without such a check is confirmed by
// one.
func (s *Store) take(ctx context.Context, want *state.Want) (out state.Taken, lost bool, err error) {
	if s.oneStep || want.Tenant == nil || len(want.Places) == 0 {
		return s.ask(ctx, want, false)
	}
	looks := s.refusals.lately(want)
	for {
		if looks {
			if out, lost, err = s.ask(ctx, want, true); err != nil || lost || refused(want, &out) {
				s.refusals.note(want, &out)
				return out, lost, err
			}
		}
		if out, lost, err = s.ask(ctx, want, false); err != nil || lost || looks || !refused(want, &out) {
			return out, lost, err
		}
		looks = true
	}
}

// refused reports whether an answer is that there is no room.
func refused(want *state.Want, out *state.Taken) bool {
	return out.Tenant != "" || len(want.Places) > 0 && out.Place < 0
}

// ask takes for the tenant and at a place, or with look only checks whether it
// could: then there is no receipt.
func (s *Store) ask(ctx context.Context, want *state.Want, look bool) (_ state.Taken, lost bool, _ error) {
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
	if look {
		tenant.script, place.script = tenantLookScript, lookScript
	}
	var tenantAnswer, placeAnswer []any
	var tenantErr, placeErr error
	switch {
	case len(calls) == 0:
		return out, false, nil
	case len(calls) == 2 && s.oneStep:
		tenantAnswer, placeAnswer, tenantErr = s.runBoth(ctx, tenant, place)
		placeErr = tenantErr
	default:
		s.run(ctx, calls...)
		if tenant != nil {
			tenantAnswer, tenantErr = tenant.list()
		}
		if place != nil {
			placeAnswer, placeErr = place.list()
		}
	}
	if tenant != nil {
		tenantErr = s.tenantTaken(tenantAnswer, tenantErr, want.Tenant, &out)
	}
	if place != nil {
		lost, placeErr = s.placeTaken(placeAnswer, placeErr, places, look, &out)
	}
	if tenantErr != nil || placeErr != nil || lost || refused(want, &out) {
		s.giveBack(ctx, &out)
	}
	if tenantErr != nil {
		return out, false, tenantErr
	}
	return out, lost, placeErr
}

// runBoth is both calls in one step.
func (s *Store) runBoth(ctx context.Context, tenant, place *call) (ofTenant, ofPlace []any, _ error) {
	both := &call{script: takeBothScript, keys: append(tenant.keys, place.keys...), args: []any{s.timing.now(), len(tenant.args)}}
	both.args = append(append(both.args, tenant.args...), place.args...)
	s.run(ctx, both)
	answer, err := both.list()
	if err != nil {
		return nil, nil, err
	}
	if len(answer) == 2 {
		ofTenant, _ = answer[0].([]any)
		ofPlace, _ = answer[1].([]any)
	}
	if len(ofTenant) == 0 || len(ofPlace) == 0 {
		return nil, nil, errReply
	}
	return ofTenant, ofPlace, nil
}

// giveBack undoes one half of a Take in a cluster whose other half was refused.
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
	s.settle(ctx, []ending{{Settlement: undo}})
}

func (s *Store) tenantCall(want *state.TenantWant) *call {
	slots, incarnation := s.tenants.taking(want.Name)
	s.reserved.taking(want.Name, want.Budgets)
	grace := s.grace()
	if s.known.Load().replicas <= 1 {
		grace = 0 // no other replica holds anything
	}
	c := &call{script: tenantTakeScript, keys: []string{tenantKey(want.Name)}, args: []any{
		s.timing.now(), s.replica, incarnation, s.newIncarnation(), want.Slots, slots, s.timing.Silent.Microseconds(), grace.Microseconds()}}
	for i := range want.Budgets {
		b := &want.Budgets[i]
		c.args = append(c.args, b.Name, b.Ends.UnixMilli(), b.Limit, b.Amount, s.totals.of(totalKey{want.Name, b.Name}, b.Ends))
	}
	return c
}

// tenantTaken reads takeTenant's answer.
func (s *Store) tenantTaken(answer []any, err error, want *state.TenantWant, out *state.Taken) error {
	if err == nil && len(answer) != 4+len(want.Budgets) {
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
		s.totals.note(totalKey{want.Name, b.Name}, b.Ends, number(answer[4+i]))
	}
	switch {
	case refused == roomAlone:
	case refused < 0:
		out.Tenant = state.TenantSlots
	case refused > 0:
		b := &want.Budgets[refused-1]
		out.Tenant, out.TenantReady, out.Reserved = b.Name, b.Ends, number(answer[3]) != 0
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

// placeTaken reads takePlaces' answer, or that of a look.
func (s *Store) placeTaken(answer []any, err error, places []state.Place, look bool, out *state.Taken) (lost bool, _ error) {
	taken := -1
	if err == nil {
		taken = int(number(answer[0]))
		lost = taken == mustBeat
	}
	for i := range places {
		s.accounts.took(places[i].Account, i == taken && !look, "")
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
	}
	if taken >= 0 && !look {
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
