package account

import (
	"math"
	"time"
)

// held says how far requests avoid a lane. A lane that sheds counts like one
// that has failed one request: it loses attempts to the others of its model, but
// none completely.
func (p *Accounts) held(now time.Time, l *lane) heldBack {
	h := l.outage.held()
	if h == notHeld {
		if share := l.shed.Share(now); share > 0 && p.random() < share {
			return doubtful
		}
	}
	return h
}

// breakersHold reports whether the breakers of a plan are obeyed: not if they
// would leave less than half of its backends.
func (p *Accounts) breakersHold(plan []Candidate) bool {
	open := 0
	for _, c := range plan {
		if p.lane(c.Backend, c.Model).outage.held() == obeyed {
			open++
		}
	}
	return BreakersHold(open, len(plan))
}

// blockOpen records the breakers that are obeyed.
func (p *Accounts) blockOpen(r *ranking, plan []Candidate) {
	for _, c := range plan {
		if o := &p.lane(c.Backend, c.Model).outage; o.held() == obeyed {
			r.block(blocked{kind: Outage, what: c.Backend, until: o.Ready()})
		}
	}
}

// probeOutage lets the request probe a candidate before the chosen one whose
// backend has an outage.
func (p *Accounts) probeOutage(r *ranking, now time.Time, before []Candidate, w *Want) {
	for _, c := range before {
		l := p.lane(c.Backend, c.Model)
		if !l.outage.begun() || l.outage.Ready().After(now) {
			continue
		}
		var only ranking
		p.rankLane(&only, now, l, w, nil, pass{})
		if only.n == 0 {
			continue
		}
		o := only.options[0]
		o.score, o.probe = math.Inf(1), ofBackend
		r.add(o)
		return
	}
}
