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
	again bool // the request has asked it, and is to ask it again
	// generation is that of the lane's breaker, for a probe of it.
	generation uint64
}

// probing says what an attempt finds out the end of.
type probing uint8

const (
	noProbe   probing = iota
	ofRest            // of what keeps the account back
	ofBackend         // of the backend's outage
)

// ranking is who may be asked now, the best first. Without any it says why not.
type ranking struct {
	options [state.MostPlaces]option
	n       int
	// soonest is what ends first of what keeps accounts back; its until is zero
	// if nobody knows. event says that something waits for an attempt to end.
	soonest blocked
	event   bool
	soft    bool // somebody was passed over that would better rest
	// tokenless is an account that would be ready but has no access token.
	tokenless *member
}

// blocked is why an account may not be asked.
type blocked struct {
	kind  Kind
	cause string
	what  string
	until time.Time // zero: nobody knows
	retry time.Time // when a client may come back: until, or the next probe
	event bool      // it may end sooner, as an attempt ends
	slots int       // of the tenant that are all taken; 0 if those are not what is missing
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

// block notes why an account may not be asked.
func (r *ranking) block(b blocked) {
	r.event = r.event || b.event
	switch {
	case r.soonest.kind == NoKind,
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
	if one.tokenless != nil {
		r.tokenless = one.tokenless
	}
}

// why is why nobody can be asked.
func (r *ranking) why() blocked {
	b := r.soonest
	b.event = r.event
	return b
}
