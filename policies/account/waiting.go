package account

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

const (
	// mostWaiting bounds the waiting requests of one replica.
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
	alike string        // requests that differ only in size
	turn  chan struct{} // holds one token: it may try, or check again
	until time.Time     // when it gives up
	sleep time.Time     // when it stops sleeping; zero while it does not sleep
	room  *waitingRoom  // the waiting room that it is in; nil until it is known that it must wait
}

// wake makes it check again, once.
func (me *waiting) wake() {
	me.sleep = time.Time{}
	select {
	case me.turn <- struct{}{}:
	default:
	}
}

// wait waits until the request is admitted. p.mu is held, but not while it
// waits.
//
// One request at a time has the turn to try, so requests are admitted in the
// order of the queue. Until then they sleep; one of them wakes at the time when
// the first thing that they wait for ends.
func (p *Accounts) wait(ctx context.Context, now time.Time, plan []Candidate, w *Want) (Lease, error) {
	want := *w // only waiting requests need one on the heap
	me := &waiting{plan: plan, want: &want, turn: make(chan struct{}, 1), until: p.waitsUntil(now, plan, w)}
	me.alike = fmt.Sprint(plan, w.MaxWait, w.Retry, w.NoProbe)
	entry := &Waiter[*waiting]{Tenant: w.Tenant, Weight: w.Weight, Service: float64(w.Tokens), Retry: w.Retry, Line: plan[0].Backend + "/" + plan[0].Model, Value: me}
	p.decisions.waited++
	if w.Avoid != nil {
		entry.Line += "/" + strconv.FormatInt(p.decisions.waited, 10) // a line of its own: others may be served if it cannot
	}
	if !p.queue.Push(entry) {
		return nil, p.decided(&Unavailable{Kind: Crowded, What: plan[0].Backend, RetryAfter: p.freeIn(plan[0].Backend, &blocked{})})
	}
	defer p.leave(entry)
	looks := now.Add(state.SnapshotAge) // until every request before it has had a turn, or it must wait
	for asked := false; ; {
		p.dispatch(now)
		until := me.until
		switch {
		case p.turn == entry:
		case p.turn != nil && me.room == nil && now.Before(looks):
			until = looks // it is not known yet whether it can be served at once
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

// awaitTokenAside waits for an access token outside the queue: a request that
// has the turn must use it at once, since the others wait for it.
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

// waitsUntil is when a request gives up. Its deadline is for the answer to
// begin, which takes some time too: a request that waited until then would be
// sent in vain. The time left for the answer is a guess, so it is at most half
// of what remains.
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

// sleep waits, without the lock, until the request may try or check again, or
// until the given time. The one that watches also wakes at the alarm.
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

// dispatch gives the turn to the next waiting request that can be served,
// unless one has it. If none can be served, it sets the alarm to when the first
// thing that they wait for ends, and wakes those that wait in vain.
//
// It ranks once for requests that are alike: if the smaller one cannot be
// served, neither can the larger one, nor one that avoids accounts.
func (p *Accounts) dispatch(now time.Time) {
	if p.turn != nil || p.queue.Waiting() == 0 {
		return
	}
	unserved := map[string]int64{} // tokens, of requests that are alike
	var all ranking                // the soonest of all that is waited for
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

// whyOf is what a request that cannot be served now waits for.
func (p *Accounts) whyOf(now time.Time, me *waiting) blocked {
	if b := p.tenants[me.want.Tenant]; b.keeps(now, me.want) {
		return b.blocked
	}
	r := p.rank(now, me.plan, me.want)
	p.looks++
	if r.n > 0 { // it waits for another request's turn
		if b := p.tenants[me.want.Tenant]; b.until.After(now) {
			return b.blocked
		}
		return blocked{kind: Busy, event: true}
	}
	return r.why()
}
