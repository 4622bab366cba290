package account

import "time"

const (
	// breakerFailures is how many failed requests in a row open a breaker. A
	// lower number would open it for the occasional failure that every API has.
	breakerFailures = 5
	// breakerFirst and breakerMost are how long a breaker is open at first, and
	// at most. The time doubles with each failed probe.
	breakerFirst = 5 * time.Second
	breakerMost  = 300 * time.Second
	// breakerJitter is the part by which that time may be shorter, so that
	// breakers which opened together are not probed together.
	breakerJitter = 0.2
	// probeLease is how long a probe has until another one may be made: longer
	// than content takes to begin at a backend that works. A replica that dies
	// with a probe keeps the breaker open no longer than this.
	probeLease = 30 * time.Second
)

// BreakerState is what a [Breaker] does with requests.
//
//	Closed ─5 failures→ Open ─Until is over→ HalfOpen ─success→ Closed
//	                     ↑                    │    └─ProbeUntil is over→ HalfOpen
//	                     └─failure, no result─┘
type BreakerState uint8

// The states.
const (
	Closed   BreakerState = iota // requests pass; Failures counts
	Open                         // none passes before Until
	HalfOpen                     // one probe is on its way, until ProbeUntil
)

// Permission is a [Breaker]'s answer to a request.
type Permission uint8

// The permissions.
const (
	Pass   Permission = iota // go on
	Probe                    // go on: the outcome decides for all
	Refuse                   // not before Breaker.Ready
)

// Breaker keeps requests away from a backend or a pool that has failed several
// times in a row. It opens on outages only, never on quota. It is a value that
// replicas share as a JSON document: Allow and Note return a changed copy, which
// the caller puts in place of the old one by compare and swap, and asks again if
// another caller was faster. So only one request gets a probe. The zero value is
// closed.
//
// An attempt keeps the generation of the breaker that let it pass. It changes
// with the state and with every probe, and outcomes of another generation are
// ignored: they say how things were before.
type Breaker struct {
	State      BreakerState `json:"state,omitempty"`
	Generation uint64       `json:"gen,omitempty"`
	// Failures are failed requests in a row while closed.
	Failures int `json:"failures,omitempty"`
	// Step is how many times it has opened since it was last closed.
	Step int `json:"step,omitempty"`
	// Until is when the first probe may be made; while open.
	Until time.Time `json:"until,omitzero"`
	// ProbeUntil is when the probe's lease ends; while half-open.
	ProbeUntil time.Time `json:"probe_until,omitzero"`
}

// Allow answers a request. If it is Probe, the changed breaker must be stored
// before the request goes on; the attempt's generation is that of the breaker
// returned.
func (b Breaker) Allow(now time.Time) (Permission, Breaker) {
	switch {
	case b.State != Open && b.State != HalfOpen:
		return Pass, b
	case now.Before(b.Ready()):
		return Refuse, b
	}
	return Probe, b.become(HalfOpen, now, 0)
}

// Ready is when the next probe may be made; zero if requests pass.
func (b Breaker) Ready() time.Time {
	switch b.State {
	case Open:
		return b.Until
	case HalfOpen:
		return b.ProbeUntil
	}
	return time.Time{}
}

// Note records the outcome of a request that was allowed in a generation; a
// probe's success can be recorded as soon as it has content. jitter is a random
// number from 0 up to 1. If nothing changes, it returns b, and there is nothing
// to store. A probe without a result (the client left) makes room for the next
// one.
func (b Breaker) Note(now time.Time, generation uint64, r Result, jitter float64) Breaker {
	if generation != b.Generation {
		return b
	}
	switch {
	case b.State == HalfOpen && r == Succeeded:
		return b.become(Closed, now, 0)
	case b.State == HalfOpen && r == Failed:
		return b.become(Open, now, openFor(b.Step, jitter))
	case b.State == HalfOpen:
		b.Step-- // it has not opened once more: the next probe is due at once
		return b.become(Open, now, 0)
	case b.State == Open || r == Neutral:
	case r == Succeeded:
		b.Failures = 0
	case b.Failures+1 < breakerFailures:
		b.Failures++
	default:
		return b.become(Open, now, openFor(b.Step, jitter))
	}
	return b
}

// become is the only function that changes the state.
func (b Breaker) become(s BreakerState, now time.Time, open time.Duration) Breaker {
	next := Breaker{State: s, Generation: b.Generation + 1, Step: b.Step}
	switch s {
	case Closed:
		next.Step = 0
	case Open:
		next.Step++
		next.Until = now.Add(open)
	case HalfOpen:
		next.ProbeUntil = now.Add(probeLease)
	}
	return next
}

// openFor is how long a breaker is open that has opened step times before.
func openFor(step int, jitter float64) time.Duration {
	d := breakerMost
	if step < 6 { // 5 s × 2⁶ is over 300 s
		d = breakerFirst << max(step, 0)
	}
	return time.Duration(float64(d) * (1 - breakerJitter*unit(jitter)))
}

// BreakersHold reports whether open breakers of a pool are obeyed. If they would
// leave less than half of it, they are advice only: the rest could not carry the
// load and would fail too, one after the other.
func BreakersHold(open, pool int) bool { return 2*open <= pool }
