package exchange

import (
	"slices"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// skipped is a candidate that an attempt has passed over.
type skipped struct {
	route.Candidate
	why string // a label of cooldownReason and its like
}

// The metric's labels for a candidate that was passed over.
const (
	cooldownReason = "cooldown"
	outageReason   = "outage"
)

// skippedWords are the texts for clients.
var skippedWords = map[string]string{
	cooldownReason:  "cooling down",
	outageReason:    "failed of late",
	heal.ReasonLost: "an attempt was lost",
}

// passedOver are the candidates that come before the attempt's own although no
// attempt of this request failed there: other requests failed, or an attempt may
// have been lost there.
func (a *attempt) passedOver() []skipped {
	own := slices.Index(a.candidates, a.chosen())
	var out []skipped
	for _, c := range a.candidates[:max(own, 0)] {
		l := a.memory.Lost
		switch {
		case l != nil && l.Left && !l.Known && destinationOf(c) == lostAt(l):
			out = append(out, skipped{c, heal.ReasonLost})
		case a.hasLeft(c), a.exhausted(c), a.asked(c):
		default:
			why := cooldownReason
			if at := a.outlook(c); at.Ready() && at.Held {
				why = outageReason
			}
			out = append(out, skipped{c, why})
		}
	}
	return out
}

// asked reports whether an earlier attempt of the request asked a candidate.
func (a *attempt) asked(c route.Candidate) bool {
	return slices.ContainsFunc(a.memory.Tries, func(t heal.Try) bool { return t.Backend == c.Backend.Name && t.Model == c.Model && t.Tier == c.Tier })
}

// countFailover counts a move to another backend, model or tier.
func (a *attempt) countFailover() {
	from, model, tier, reason := "", "", a.tier, ""
	switch n := len(a.memory.Tries); {
	case n > 0 && a.memory.Tries[n-1].Backend != "":
		last := a.memory.Tries[n-1]
		from, model, tier, reason = last.Backend, last.Model, last.Tier, last.Reason
	case n == 0 && a.memory.Lost != nil && a.memory.Lost.Left:
		l := a.memory.Lost
		from, model, reason = l.Backend, l.Model, heal.ReasonLost
	case n == 0 && len(a.skipped) > 0:
		first := a.skipped[0]
		from, model, reason = first.Backend.Name, first.Model, first.why
	default:
		return
	}
	switch {
	case from != a.backend.Name:
		a.x.metrics.failovers.WithLabelValues("backend", reason).Inc()
	case model != a.model:
		a.x.metrics.failovers.WithLabelValues("model", reason).Inc()
	case tier != a.tier:
		a.x.metrics.failovers.WithLabelValues("tier", reason).Inc()
	}
}

// hops lists the moves of a request from backend to backend and from model to
// model.
func (a *attempt) hops() []string {
	var out []string
	if l := a.memory.Lost; l != nil && l.Left && l.Known {
		out = append(out, "failover: left "+l.Model+" at "+l.Backend+" (connection broke)")
	}
	for i, t := range a.memory.Tries {
		var next destination // without a name if no backend was chosen
		switch {
		case i+1 < len(a.memory.Tries):
			next = destination{a.memory.Tries[i+1].Backend, a.memory.Tries[i+1].Model}
		case a.backend != nil:
			next = destination{a.backend.Name, a.model}
		}
		if t.Verdict == policies.Failover || t.Backend != "" && next.backend != "" && next != (destination{t.Backend, t.Model}) {
			tier := ""
			if t.Tier != "" {
				tier = " in tier " + t.Tier
			}
			out = append(out, "failover: left "+t.Model+" at "+t.Backend+tier+" ("+t.Reason+")")
		}
	}
	for _, s := range a.skipped {
		out = append(out, "failover: passed over "+s.Model+" at "+s.Backend.Name+" ("+skippedWords[s.why]+")")
	}
	return out
}
