package account

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

const (
	// mostWaiting bounds all that wait at one replica.
	mostWaiting = 10_000
	// contentMargin is how many times the usual time to first content a wait
	// leaves for it. Those times are skewed: of log-normal ones with a sigma of 0.9
	// (the 99th percentile is eight times the median) 94 of 100 are within 4 times
	// the median.
	contentMargin = 4
	// longestWait bounds each wait.
	longestWait = 45 * time.Second
)

// waiting is a request that waits for an account.
type waiting struct {
	plan  []Candidate
	want  *Want
	alike string        // requests that are alike but for their size
	turn  chan struct{} // of one: it may try, or look again
	until time.Time     // it gives up
	sleep time.Time     // it sleeps until then; zero while it does not
	room  *waitingRoom  // in which it waits; nil until it is known that it has to
}

// wake has it look again, once.
func (me *waiting) wake() {
	me.sleep = time.Time{}
	select {
	case me.turn <- struct{}{}:
	default:
	}
}

// wait has the request wait until it is admitted. p.mu is held, but not while it
// waits.
//
// The one whose turn it is tries, and only then the next one: so whoever has
// waited is admitted in the order of the queue. Until then it sleeps; one of them
// watches for the time when something is over that they wait for.
func (p *Accounts) wait(ctx context.Context, now time.Time, plan []Candidate, w *Want) (Lease, error) {
	want := *w // only those who wait need one on the heap
	me := &waiting{plan: plan, want: &want, turn: make(chan struct{}, 1), until: p.waitsUntil(now, plan, w)}
	me.alike = fmt.Sprint(plan, w.MaxWait, w.Retry, w.NoProbe)
	entry := &Waiter[*waiting]{Tenant: w.Tenant, Weight: w.Weight, Service: float64(w.Tokens), Retry: w.Retry, Line: plan[0].Backend + "/" + plan[0].Model, Value: me}
	p.decisions.waited++
	if w.Avoid != nil {
		entry.Line += "/" + strconv.FormatInt(p.decisions.waited, 10) // its own: others can be served where it cannot
	}
	if !p.queue.Push(entry) {
		return nil, p.decided(&Unavailable{Kind: Crowded, What: plan[0].Backend, RetryAfter: p.freeIn(plan[0].Backend, &blocked{})})
	}
	defer p.leave(entry)
	looks := now.Add(state.SnapshotAge) // so long it takes until everybody before it has had a turn, or it does wait
	for asked := false; ; {
		p.dispatch(now)
		until := me.until
		switch {
		case p.turn == entry:
		case p.turn != nil && me.room == nil && now.Before(looks):
			until = looks // it is unknown yet whether it can be served at once
		default:
			why := p.whyOf(now, me)
			if why.cause == NoToken && !asked {
				asked = true
				if err := p.awaitTokenAside(ctx, entry, &why); err != nil {
					return nil, p.decided(err)
				}
				now = time.Now()
				continue
			}
			if err := p.enter(now, me); err != nil {
				return nil, p.decided(err)
			}
			if why.kind == NoKind || !me.until.After(now) || !why.event && !why.endsBy(me.until) {
				return nil, p.decided(p.unavailable(now, plan, &why))
			}
		}
		if err := p.sleep(ctx, now, me, until); err != nil {
			return nil, err
		}
		now = time.Now()
		if p.turn != entry {
			p.readAgain(now)
			continue
		}
		l, _, err := p.try(ctx, now, plan, &want)
		if l != nil || err != nil {
			if err != nil {
				return nil, p.decided(err)
			}
			p.decisions.acquired++
			l.charge()
			return l, nil
		}
		p.turn = nil
		now = time.Now()
	}
}

// enter takes a request into the waiting room, once it is known that it has to
// wait.
func (p *Accounts) enter(now time.Time, me *waiting) error {
	if me.room != nil {
		return nil
	}
	w, backend := me.want, me.plan[0].Backend
	if w.MaxWaiting > 0 && p.waitingOf(w.Tenant) >= w.MaxWaiting {
		missing := p.tenants[w.Tenant]
		return &Unavailable{Kind: TenantWaiting, What: w.Tenant, RetryAfter: p.freeIn(backend, &missing.blocked)}
	}
	room := p.room(backend)
	if !room.enter(now, w.Tenant, w.Weight, me.until.Sub(now)) {
		return &Unavailable{Kind: Crowded, What: backend, RetryAfter: p.freeIn(backend, &blocked{})}
	}
	me.room = room
	return nil
}

// waitingOf is how many of a tenant's requests wait.
func (p *Accounts) waitingOf(tenant string) (n int) {
	for _, r := range p.rooms {
		n += r.tenants[tenant].waiting
	}
	return n
}

// leave ends a wait, however it has ended.
func (p *Accounts) leave(entry *Waiter[*waiting]) {
	me := entry.Value
	if me.room != nil {
		me.room.leave(entry.Tenant)
	}
	p.queue.Remove(entry)
	if p.turn == entry {
		p.turn = nil
	}
	if p.wakeNext == me {
		p.wakeNext = nil
	}
	p.dispatch(time.Now())
}

// awaitTokenAside waits for an access token outside the queue: whoever has the
// turn must take it at once, since the others wait for it.
func (p *Accounts) awaitTokenAside(ctx context.Context, entry *Waiter[*waiting], why *blocked) error {
	p.queue.Remove(entry)
	if p.wakeNext == entry.Value {
		p.wakeNext = nil
	}
	p.dispatch(time.Now()) // for the alarm
	if err := p.awaitToken(ctx, why); err != nil {
		return err
	}
	if !p.queue.Push(entry) {
		return &Unavailable{Kind: Crowded, What: entry.Value.plan[0].Backend}
	}
	return nil
}

// waitsUntil is when a request gives up. Its deadline is for the answer to begin,
// which takes some time too: who waited until then would be sent for nothing. That
// time is no more than half of what is left, since it is a guess.
func (p *Accounts) waitsUntil(now time.Time, plan []Candidate, w *Want) time.Time {
	until := now.Add(min(w.MaxWait, longestWait))
	if w.Deadline.IsZero() {
		return until
	}
	content := min(contentMargin*p.lane(plan[0].Backend, plan[0].Model).usualContent(now), w.Deadline.Sub(now)/2)
	if last := w.Deadline.Add(-max(content, 1)); last.Before(until) {
		return last
	}
	return until
}

// sleep waits, without the lock, until the request may try or look again, or until
// then. The one that watches also wakes at the alarm.
func (p *Accounts) sleep(ctx context.Context, now time.Time, me *waiting, until time.Time) error {
	if p.wakeNext == nil {
		p.wakeNext = me
	}
	if p.wakeNext == me && !p.wakeAt.IsZero() && p.wakeAt.Before(until) {
		until = p.wakeAt
	}
	me.sleep = until
	defer func() { me.sleep = time.Time{} }()
	p.mu.Unlock()
	defer p.mu.Lock()
	t := time.NewTimer(until.Sub(now))
	defer t.Stop()
	select {
	case <-me.turn:
	case <-t.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// dispatch gives the turn to the next of those that wait, if somebody can be
// served and nobody has it. If nobody can be, it sets the alarm to when something
// is over that they wait for, and wakes who waits in vain.
//
// It ranks once for requests that are alike: what the smaller one cannot have, the
// larger one cannot have either, nor one that avoids accounts.
func (p *Accounts) dispatch(now time.Time) {
	if p.turn != nil || p.queue.Waiting() == 0 {
		return
	}
	unserved := map[string]int64{} // tokens, of requests that are alike
	var all ranking                // of all that is waited for
	p.turn = p.queue.Next(func(w *Waiter[*waiting]) bool {
		me, tokens := w.Value, w.Value.want.Tokens
		if b := p.tenants[w.Tenant]; b.keeps(now, me.want) {
			if all.block(b.blocked); me.room == nil || !b.event && !b.endsBy(me.until) {
				me.wake()
			}
			return false
		}
		if least, ok := unserved[me.alike]; ok && tokens >= least {
			return false
		}
		r := p.rank(now, me.plan, me.want)
		p.looks++
		if r.n > 0 {
			return true
		}
		if me.want.Avoid == nil {
			unserved[me.alike] = tokens
		}
		why := r.why()
		if all.block(why); me.room == nil || !why.event && !why.endsBy(me.until) {
			me.wake()
		}
		return false
	})
	if p.turn != nil {
		p.wakeAt = time.Time{} // it is set again when the turn is over
		p.turn.Value.wake()
		return
	}
	p.wakeAt = all.soonest.until
	if again := now.Add(state.SnapshotAge); p.shared && all.event && (p.wakeAt.IsZero() || again.Before(p.wakeAt)) {
		p.wakeAt = again // an attempt of another replica may have ended
	}
	if p.wakeNext == nil {
		p.wakeNext = p.queue.Any().Value
	}
	if !p.wakeAt.IsZero() && p.wakeAt.Before(p.wakeNext.sleep) {
		p.wakeNext.wake()
	}
}

// whyOf is what a request waits for that is not served now.
func (p *Accounts) whyOf(now time.Time, me *waiting) blocked {
	if b := p.tenants[me.want.Tenant]; b.keeps(now, me.want) {
		return b.blocked
	}
	r := p.rank(now, me.plan, me.want)
	p.looks++
	if r.n > 0 { // somebody else's turn is first
		if b := p.tenants[me.want.Tenant]; b.until.After(now) {
			return b.blocked
		}
		return blocked{kind: Busy, event: true}
	}
	return r.why()
}
