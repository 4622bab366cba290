package account

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// Acquire implements Scheduler.
func (p *Accounts) Acquire(ctx context.Context, plan []Candidate, w Want) (Lease, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if len(plan) == 0 {
		return nil, p.decided(&Unavailable{})
	}
	p.readAgain(now)
	if p.queue.Waiting() > 0 && !w.Count {
		return p.wait(ctx, now, plan, &w) // new requests do not overtake waiting ones
	}
	l, why, err := p.try(ctx, now, plan, &w)
	if why.cause == NoToken {
		if err = p.awaitToken(ctx, &why); err == nil {
			now = time.Now()
			l, why, err = p.try(ctx, now, plan, &w)
		}
	}
	switch {
	case err != nil:
		return nil, p.decided(err)
	case l != nil:
		p.decisions.acquired++
		return l, nil
	case w.Count, why.kind == NoKind: // nothing to wait for
		return nil, p.decided(p.unavailable(now, plan, &why))
	}
	return p.wait(ctx, now, plan, &w)
}

// mostRounds bounds how often one try asks the store: each time it learns that
// four accounts are full.
const mostRounds = 8

// try takes the best account that has room. With neither a lease nor an error it
// says what the request has to wait for. p.mu is held, but not while the store
// is asked.
func (p *Accounts) try(ctx context.Context, now time.Time, plan []Candidate, w *Want) (*lease, blocked, error) {
	var r ranking
	for range mostRounds {
		r = p.rank(now, plan, w)
		if r.n == 0 {
			return nil, r.why(), nil
		}
		tenant, err := p.limitsOf(now, w)
		if err != nil {
			return nil, blocked{}, err
		}
		if first := &r.options[0]; tenant == nil && (w.Count || p.store == nil || !first.limited(now)) {
			if first.probe != noProbe && !p.beginProbe(ctx, now, first) {
				now = time.Now()
				continue
			}
			first.generation = first.lane.outage.Generation
			return p.lease(now, first, w), blocked{}, nil
		}
		why, l, err := p.take(ctx, now, &r, tenant, w)
		if l != nil || err != nil || why.kind != NoKind {
			return l, why, err
		}
		now = time.Now()
	}
	return nil, r.why(), nil
}

// NoToken is the Unavailable.Cause of an account that has no access token.
const NoToken = "no_token"

// awaitToken waits for the access token of an account, without the lock, when no
// other account is left. The error is one of Acquire.
func (p *Accounts) awaitToken(ctx context.Context, why *blocked) error {
	m := p.byID[why.what]
	p.mu.Unlock()
	defer p.mu.Lock()
	switch err := m.Tokens.Wait(ctx); {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return &Unavailable{Kind: BadCredential, Cause: NoToken, What: m.ID}
}

// limitsOf gets the tenant's limits, without the lock.
func (p *Accounts) limitsOf(now time.Time, w *Want) (tenant *state.TenantWant, err error) {
	if w.Limits == nil || w.Count {
		return nil, nil
	}
	p.mu.Unlock()
	tenant, err = w.Limits(now)
	p.mu.Lock()
	w.asked = tenant
	return tenant, err
}

// take asks the store for one of the options. With no lease, error or cause the
// options have no room, which is recorded.
func (p *Accounts) take(ctx context.Context, now time.Time, r *ranking, tenant *state.TenantWant, w *Want) (blocked, *lease, error) {
	options := r.options[:r.n]
	if first := &options[0]; first.probe != noProbe {
		if !p.beginProbe(ctx, now, first) {
			return blocked{}, nil, nil
		}
		first.generation = first.lane.outage.Generation
		options = options[:1] // or another request could not probe meanwhile
	}
	if tenant == nil && p.shared && w.Rivals && w.Tenant != "" {
		tenant = &state.TenantWant{Name: w.Tenant} // for its service
	}
	b := new(booking)
	b.want = state.Want{Tenant: tenant, Places: b.places[:0]}
	for i := range options {
		if options[i].probe != noProbe && i > 0 {
			options = options[:i]
			break
		}
		b.want.Places = append(b.want.Places, options[i].asked(now, w.Tokens))
	}
	p.mu.Unlock()
	taken, err := p.store.Take(ctx, &b.want)
	p.mu.Lock()
	now = time.Now()
	if options[0].probe != noProbe && (err != nil || taken.Place != 0) {
		p.endProbe(now, &options[0], ProbeRefused)
	}
	if err == nil && p.shared && tenant != nil && !taken.Local {
		if others := p.otherReplicas.addTotal(now, tenant.Name, taken.Service); others > 0 {
			p.queue.ChargeElsewhere(tenant.Name, float64(others))
		}
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return blocked{}, nil, ctx.Err()
	case err != nil:
		return blocked{}, nil, &Unavailable{Kind: NoState, RetryAfter: time.Second}
	case taken.Tenant != "":
		return p.refuse(now, &taken, tenant), nil, nil
	case taken.Place >= 0:
		p.begin(&b.lease, now, &options[taken.Place], w)
		b.receipt, b.booking = taken.Receipt, b
		return blocked{}, &b.lease, nil
	}
	for i, full := range taken.Full {
		options[i].full(now, full, w.Tokens)
	}
	return blocked{}, nil, nil
}

// limited reports whether the store has to be asked.
func (o *option) limited(now time.Time) bool {
	return o.place.Slots > 0 || o.seat.quota.limits(now) != state.Rates{}
}

// asked is the option as the store takes it. A request that is larger than a
// whole minute's tokens takes all of them.
func (o *option) asked(now time.Time, tokens int64) state.Place {
	q := o.seat.quota
	rates := q.limits(now)
	if rates.Tokens > 0 {
		tokens = min(tokens, rates.Tokens)
	}
	return state.Place{
		Account: o.place.ID, Slots: o.place.Slots, Group: q.Group, Model: q.Model,
		Rates: rates, Tokens: tokens, DayEnds: DayEnds(now),
	}
}

// full records why the store has no room. When slots will be free is unknown;
// they are tried again when an attempt ends, and at the latest after
// SnapshotAge, since that attempt may run at another replica.
func (o *option) full(now time.Time, f state.Full, tokens int64) {
	r := &o.seat.quota.room
	o.seat.quota.full = true
	until := now.Add(cmp.Or(max(f.In, 0), state.SnapshotAge)) // 0: unknown
	switch f.Limit {
	case "rpm":
		r.requests = until
	case "tpm":
		r.tokens, r.amount = until, tokens
	case "rpd":
		r.day = until
	default:
		o.place.full = now.Add(state.SnapshotAge)
	}
	r.at = now
}

// unavailable is the error if no candidate of a plan may be asked. If the
// request waits for a slot, the time until the store is asked again says
// nothing, and is left out.
func (p *Accounts) unavailable(now time.Time, plan []Candidate, b *blocked) *Unavailable {
	u := &Unavailable{Kind: b.kind, Cause: b.cause, What: b.what, Until: b.until}
	switch back := b.retry; {
	case back.After(now):
		u.RetryAfter = back.Sub(now)
	case b.kind == Busy || b.kind == NoCapacity || b.kind == TenantSlots || b.kind == TenantReserved:
		u.RetryAfter = p.freeIn(plan[0].Backend, b)
	case b.until.After(now):
		u.RetryAfter = b.until.Sub(now)
	}
	if b.event && b.kind != BadCredential && u.RetryAfter > 0 { // a slot may be free before
		u.RetryAfter = min(u.RetryAfter, p.freeIn(plan[0].Backend, b))
	}
	if u.Over = u.RetryAfter; !b.retry.IsZero() {
		u.Over = max(b.until.Sub(now), 0)
	}
	return u
}

// decided counts a refusal.
func (p *Accounts) decided(err error) error {
	var u *Unavailable
	if errors.As(err, &u) {
		p.decisions.refused[u.Kind]++
	}
	return err
}

// decisions are counted for the metrics.
type decisions struct {
	acquired, waited int64
	refused          [kinds]int64
}
