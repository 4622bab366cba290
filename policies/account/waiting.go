package account

import (
	"context"
	"strconv"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

const (
	// mostWaiting bounds all that wait at one replica.
	mostWaiting = 10_000
	// poolWaiting bounds those that wait for one backend first. More would wait
	// longer than clients do.
	poolWaiting = 100
	// longestWait bounds each wait.
	longestWait = 45 * time.Second
)

// waiting is a request that waits for an account.
type waiting struct {
	plan  []Candidate
	want  *Want
	turn  chan struct{} // of one: it may try
	until time.Time     // it gives up
}

// wait has the request wait until it is admitted. p.mu is held, but not while it
// waits.
//
// The one whose turn it is tries, and only then the next one: so whoever has
// waited is admitted in the order of the queue.
func (p *Accounts) wait(ctx context.Context, now time.Time, plan []Candidate, w *Want) (Lease, error) {
	want := *w // only those who wait need one on the heap
	me := &waiting{plan: plan, want: &want, turn: make(chan struct{}, 1), until: now.Add(min(w.MaxWait, longestWait))}
	if !w.Deadline.IsZero() && w.Deadline.Before(me.until) {
		me.until = w.Deadline.Add(-1) // by then the request is over
	}
	entry := &Waiter[*waiting]{Tenant: w.Tenant, Weight: w.Weight, Service: float64(w.Tokens), Retry: w.Retry, Line: plan[0].Backend + "/" + plan[0].Model, Value: me}
	p.decisions.waited++
	if w.Avoid != nil {
		entry.Line += "/" + strconv.FormatInt(p.decisions.waited, 10) // its own: others can be served where it cannot
	}
	pool := plan[0].Backend
	if w.MaxWaiting > 0 && p.queue.Len(w.Tenant) >= w.MaxWaiting {
		return nil, p.decided(&Unavailable{Kind: TenantWaiting, What: w.Tenant, RetryAfter: busyAgain})
	}
	if p.crowds[pool] >= poolWaiting || !p.queue.Push(entry) {
		return nil, p.decided(&Unavailable{Kind: Crowded, What: pool, RetryAfter: busyAgain})
	}
	p.crowds[pool]++
	defer func() {
		if p.crowds[pool]--; p.crowds[pool] == 0 {
			delete(p.crowds, pool)
		}
		p.queue.Remove(entry)
		if p.turn == entry {
			p.turn = nil
		}
		p.dispatch(time.Now())
	}()
	for {
		p.dispatch(now)
		why := p.whyOf(now, me)
		if p.turn != entry && (why.kind == NoKind || !me.until.After(now) || !why.event && !why.endsBy(me.until)) {
			return nil, p.decided(why.unavailable(now))
		}
		if err := p.sleep(ctx, now, me, &why); err != nil {
			return nil, err
		}
		now = time.Now()
		if p.turn != entry {
			p.readAgain(now)
			continue
		}
		l, _, err := p.try(ctx, now, plan, w)
		if l != nil || err != nil {
			if err != nil {
				return nil, p.decided(err)
			}
			p.decisions.acquired++
			return l, nil
		}
		p.turn = nil
		now = time.Now()
	}
}

// sleep waits, without the lock, until the request may try, something is over
// that it waits for, or it has to give up.
func (p *Accounts) sleep(ctx context.Context, now time.Time, me *waiting, why *blocked) error {
	until := me.until
	if !why.until.IsZero() && why.until.Before(until) {
		until = why.until
	}
	if again := now.Add(state.SnapshotAge); p.shared && why.event && again.Before(until) {
		until = again // an attempt of another replica may have ended
	}
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
// served and nobody has it.
func (p *Accounts) dispatch(now time.Time) {
	if p.turn != nil || p.queue.Waiting() == 0 {
		return
	}
	p.turn = p.queue.Next(func(w *Waiter[*waiting]) bool {
		if p.tenants[w.Tenant].until.After(now) {
			return false
		}
		r := p.rank(now, w.Value.plan, w.Value.want)
		return r.n > 0
	})
	if p.turn != nil {
		select {
		case p.turn.Value.turn <- struct{}{}:
		default:
		}
	}
}

// whyOf is what a request waits for that is not served now.
func (p *Accounts) whyOf(now time.Time, me *waiting) blocked {
	if b := p.tenants[me.want.Tenant]; b.until.After(now) {
		return b
	}
	r := p.rank(now, me.plan, me.want)
	if r.n > 0 {
		return blocked{kind: Busy, event: true} // somebody else's turn is first
	}
	return r.why()
}
