package account

import (
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// rest combines everything that keeps an account back.
type rest struct {
	until time.Time // when all is over
	ready time.Time // when it may be asked: until, or when a probe may go
	kind  Kind
	cause string
	said  string
	scope Scope
	what  string
	soft  bool // the cooldown is soft
}

// add takes in what subjects say.
func (r *rest) add(now time.Time, list []*subjectState) {
	for _, t := range list {
		if !t.until.After(now) {
			continue
		}
		for cause, c := range t.causes {
			if !c.Until.After(now) {
				continue
			}
			if c.Soft {
				r.soft = true
				continue
			}
			ready := c.Until
			if c.Probe != nil && c.Probe.due().Before(ready) {
				ready = c.Probe.due()
			}
			if c.Until.After(r.until) {
				r.until, r.kind, r.cause, r.said = c.Until, c.Kind, cause, ProviderReason(c.Said)
				r.scope, r.what = t.subject.Scope, t.subject.Name
			}
			if ready.After(r.ready) {
				r.ready = ready
			}
		}
	}
}

// probes reports whether the account may be asked only as a probe. It is called
// only if the account is ready.
func (r *rest) probes() bool { return !r.until.IsZero() }

// blocked is why it may not be asked. Requests wait until everything is over,
// not for a probe, which serves only one of them.
func (r *rest) blocked() blocked {
	return blocked{kind: r.kind, cause: r.cause, what: r.what, until: r.until, retry: r.ready}
}

// room is when a full quota has room again, as the store said.
type room struct {
	requests, tokens, day time.Time
	amount                int64     // of tokens that had no room; fewer may have
	at                    time.Time // of the store's word
}

// open forgets what a later snapshot does not confirm, so that the store is
// asked again: tokens may have been given back, a part of the limit may have
// been reserved for missing replicas, or the store may have lost its data.
func (r *room) open(load state.Load, limits state.Rates, renewed bool) {
	if renewed || limits.Requests == 0 || load.Requests < limits.Requests {
		r.requests = time.Time{}
	}
	if renewed || limits.Tokens == 0 || load.Tokens+r.amount <= limits.Tokens {
		r.tokens, r.amount = time.Time{}, 0
	}
	if renewed || limits.Day == 0 || load.Day < limits.Day {
		r.day = time.Time{}
	}
	if r.requests.IsZero() && r.tokens.IsZero() && r.day.IsZero() {
		*r = room{}
	}
}

// noRoom is why a quota cannot take the request now.
func (q *quota) noRoom(now time.Time, w *Want) (b blocked) {
	r := &q.room
	wait := func(kind Kind, until time.Time) {
		if until.After(now) && until.After(b.until) {
			b = blocked{kind: kind, what: q.Group, until: until}
		}
	}
	wait(RateLimit, r.requests)
	if q.uncounted.ends.After(now) {
		wait(RateLimit, q.uncounted.until(now, q.limits(now), w.Tokens))
	}
	if w.Tokens >= r.amount {
		wait(RateLimit, r.tokens)
	}
	wait(QuotaSpent, r.day)
	if q.learned.Absent {
		wait(QuotaSpent, now.Add(forGood))
	}
	return b
}

// forGood is longer than any request waits: only a reload helps.
const forGood = 100 * 365 * 24 * time.Hour
