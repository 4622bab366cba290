package account

import (
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// option is an account that may be asked now.
type option struct {
	lane  *lane
	seat  *seat
	place *place
	score float64
	probe probing
	again bool // the request asked it before, and should ask it again
	// generation is that of the lane's breaker, for a probe of it; busy is when
	// the lease of a probe of its cooldowns ends.
	generation uint64
	busy       time.Time
}

// probing says what an attempt probes.
type probing uint8

const (
	noProbe   probing = iota
	ofRest            // the account's cooldowns
	ofBackend         // the backend's outage
)

// ranking lists the options, the best first. If there are none it says why.
type ranking struct {
	options [state.MostPlaces]option
	n       int
	// soonest is the block that ends first; its until is zero if unknown. event
	// says that a block may end with an attempt.
	soonest blocked
	event   bool
	soft    bool // an account with a soft cooldown was skipped
}

// blocked is why an account may not be asked.
type blocked struct {
	kind  Kind
	cause string
	what  string
	until time.Time // zero: unknown
	retry time.Time // when a client may come back: until, or the next probe
	event bool      // it may end sooner, as an attempt ends
	slots int       // the tenant's slots, if they are all taken; else 0
}

// isAmongBest reports whether a score is among the best so far.
func (r *ranking) isAmongBest(score float64) bool {
	return r.n < len(r.options) || score > r.options[r.n-1].score
}

// add keeps the best, ordered by score; of equal ones the first.
func (r *ranking) add(o option) {
	i := r.n
	for i > 0 && r.options[i-1].score < o.score {
		i--
	}
	if i == len(r.options) {
		return
	}
	r.n = min(r.n+1, len(r.options))
	copy(r.options[i+1:r.n], r.options[i:])
	r.options[i] = o
}

// block records why an account may not be asked.
func (r *ranking) block(b blocked) {
	r.event = r.event || b.event
	switch {
	case b.cause == NoToken && r.soonest.kind != NoKind: // its end is unknown
	case r.soonest.kind == NoKind, r.soonest.cause == NoToken,
		!b.until.IsZero() && (r.soonest.until.IsZero() || b.until.Before(r.soonest.until)):
		r.soonest = b
	}
}

// endsBy reports whether it is known to end by then.
func (b *blocked) endsBy(t time.Time) bool { return !b.until.IsZero() && !b.until.After(t) }

// merge takes in what was found of one model.
func (r *ranking) merge(one *ranking) {
	if one.soonest.kind != NoKind {
		r.block(one.soonest)
	}
	r.options, r.n = one.options, one.n
	r.event, r.soft = r.event || one.event, r.soft || one.soft
}

// why is the reason why no account can be asked. Its cause is NoToken only if
// nothing but access tokens is missing.
func (r *ranking) why() blocked {
	b := r.soonest
	b.event = r.event
	return b
}
