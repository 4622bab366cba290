package exchange

import (
	"slices"

	"github.com/heald-proxy/heald/policies"
)

// skipped is a candidate that an attempt has passed over.
type skipped struct {
	candidate
	why string // a label of cooldownReason and its like
}

// The metric's labels for a candidate that was passed over.
const (
	cooldownReason = "cooldown"
	outageReason   = "outage"
)

// skippedWords tell clients of them.
var skippedWords = map[string]string{
	cooldownReason: "cooling down",
	outageReason:   "failed of late",
}

// passedOver are the candidates that come before the attempt's own, though no
// attempt of this request failed there: others did.
func (a *attempt) passedOver() []skipped {
	own := slices.Index(a.candidates, candidate{a.backend, a.model})
	var out []skipped
	for _, c := range a.candidates[:max(own, 0)] {
		switch {
		case a.left(c), a.exhausted(c):
		case a.readyIn(c) == 0 && a.heldBack(c):
			out = append(out, skipped{c, outageReason})
		default:
			out = append(out, skipped{c, cooldownReason})
		}
	}
	return out
}

// countFailover counts a move to another backend or model.
func (a *attempt) countFailover() {
	from, model, reason := "", "", ""
	switch n := len(a.memory.Tries); {
	case n > 0 && a.memory.Tries[n-1].Verdict == policies.Failover:
		last := a.memory.Tries[n-1]
		from, model, reason = last.Backend, last.Model, last.Reason
	case n == 0 && len(a.skipped) > 0:
		first := a.skipped[0]
		from, model, reason = first.backend.Name, first.model, first.why
	default:
		return
	}
	switch {
	case from != a.backend.Name:
		a.x.metrics.failovers.WithLabelValues("backend", reason).Inc()
	case model != a.model:
		a.x.metrics.failovers.WithLabelValues("model", reason).Inc()
	}
}

// hops tell the way that a request has taken from backend to backend and from
// model to model.
func (a *attempt) hops() []string {
	var out []string
	for _, t := range a.memory.Tries {
		if t.Verdict == policies.Failover {
			out = append(out, "failover: left "+t.Model+" at "+t.Backend+" ("+t.Reason+")")
		}
	}
	for _, s := range a.skipped {
		out = append(out, "failover: passed over "+s.model+" at "+s.backend.Name+" ("+skippedWords[s.why]+")")
	}
	return out
}
