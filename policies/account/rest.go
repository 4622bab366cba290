package account

import "time"

// rest is how long an account has to rest, of all that keeps it back.
type rest struct {
	until time.Time // when all is over
	ready time.Time // when it may be asked: until, or when a probe may go
	kind  Kind
	cause string
	said  string
	scope Scope
	what  string
	soft  bool // it would better rest
}

// add takes in what subjects say.
func (r *rest) add(now time.Time, list []*tired) {
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
				r.until, r.kind, r.cause, r.said = c.Until, c.Kind, cause, SaidOf(c.Said)
				r.scope, r.what = t.subject.Scope, t.subject.Name
			}
			if ready.After(r.ready) {
				r.ready = ready
			}
		}
	}
}

// probes reports whether it may be asked as a probe only. It is asked of what is
// ready.
func (r *rest) probes() bool { return !r.until.IsZero() }

// blocked is why it may not be asked. It is waited for until all is over: a
// probe is for one request, and those that wait would all wait for it.
func (r *rest) blocked() blocked {
	return blocked{kind: r.kind, cause: r.cause, what: r.what, until: r.until, retry: r.ready}
}

// room is when a quota has room again that had none, by the store's word.
type room struct {
	requests, tokens, day time.Time
	amount                int64 // of tokens that had no room; fewer may have
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

// forGood is longer than anybody waits: only a reload helps.
const forGood = 100 * 365 * 24 * time.Hour
