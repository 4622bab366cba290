package account

import "time"

// outage is the state of a backend that fails with a model: the breaker of a
// lane. At first it is only advice: requests begin elsewhere if another
// candidate is ready, so that the first failures cost little. After
// breakerFailures failed requests it is obeyed.
type outage struct {
	Breaker
	// Sure reports that different requests failed, or one for which it is not to
	// blame: enough to let others begin at another model.
	Sure bool `json:"sure,omitempty"`
	// Requests are how many different requests have failed in a row.
	Requests int `json:"requests,omitempty"`
	// Began is the generation in which it began: successes of attempts that are
	// older say nothing.
	Began uint64 `json:"began,omitempty"`

	request RequestSum // the last that failed
}

// heldBack says how far requests avoid a lane.
type heldBack uint8

const (
	notHeld  heldBack = iota
	doubtful          // one request failed: another backend for the model is preferred
	surely            // different requests failed: another model is preferred, too
	obeyed            // five requests failed: only probes are sent
)

func (o *outage) begun() bool { return o.State != Closed }

func (o *outage) held() heldBack {
	switch {
	case o.State == Closed:
		return notHeld
	case o.Requests >= breakerFailures:
		return obeyed
	case o.Sure:
		return surely
	}
	return doubtful
}

// failed records the failure of a request that was no probe, and reports whether
// an outage began with it. Only a probe makes an outage longer: requests that
// run at the same time fail together. known is the attempt's generation.
func (o *outage) failed(now time.Time, known uint64, r RequestSum, sure bool, jitter float64) (began bool) {
	if o.State != Closed {
		if r != o.request {
			o.Requests++
		}
		o.Sure, o.request = o.Sure || sure || r != o.request, r
		return false
	}
	if known != o.Generation {
		return false // it began before the last outage ended
	}
	o.Breaker = o.become(Open, now, openFor(o.Step, jitter))
	o.Sure, o.Requests, o.Began, o.request = sure, 1, o.Generation, r
	return true
}

// probed ends a probe that did not lift the outage.
func (o *outage) probed(now time.Time, generation uint64, e ProbeEnd, jitter float64) {
	switch {
	case o.State != HalfOpen || generation != o.Generation:
	case e == ProbeFailed:
		o.Requests++
		o.Breaker = o.Note(now, generation, Failed, jitter)
	case e == ProbeRefused:
		o.Breaker = o.Note(now, generation, Neutral, jitter)
	default:
		o.Step--
		o.Breaker = o.become(Open, now, openFor(o.Step, jitter))
	}
}

// answered ends the outage, unless the attempt is older. It reports whether
// there was one.
func (o *outage) answered(now time.Time, known uint64) bool {
	if o.State == Closed || known < o.Began {
		return false
	}
	*o = outage{Breaker: o.become(Closed, now, 0)}
	return true
}

// ProbeEnd is how a probe ended that showed no answer.
type ProbeEnd uint8

// The ends of probes.
const (
	ProbeOpen    ProbeEnd = iota // without a reply of the backend, for example because the client left
	ProbeRefused                 // the backend refused this request or its account: the next one may be answered
	ProbeFailed                  // the backend failed again
)
