package account

import (
	"math"
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
}

// blocked is why an account may not be asked.
type blocked struct {
	kind  Kind
	what  string
	until time.Time // zero: nobody knows
	retry time.Time // when a client may come back: until, or the next probe
	event bool      // it may end sooner, as an attempt ends
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

// pass is what counts as ready: what is due for a probe, and what would better
// rest.
type pass struct{ probes, soft bool }

// rank finds who may be asked of a plan: of the first model and in it of the
// first candidates where somebody is ready at once. Candidates that are held
// back come after the others of their model, and after all models if it is sure
// that they fail.
func (p *Accounts) rank(now time.Time, plan []Candidate, w *Want) (r ranking) {
	of := pass{probes: !w.Retry && !w.NoProbe && !w.Count}
	at := p.rankHeld(&r, now, plan, w, of)
	if of.soft = true; r.n == 0 && r.soft {
		r = ranking{}
		at = p.rankHeld(&r, now, plan, w, of)
	}
	if r.n == 0 && !of.probes && !w.Count {
		r = ranking{}
		at = p.rankHeld(&r, now, plan, w, pass{probes: true, soft: true}) // better than nothing
	}
	if of.probes || r.n == 0 && !w.Count {
		p.probeOutage(&r, now, plan[:at], w)
	}
	return r
}

// rankHeld ranks by how much candidates are held back. It returns the index of
// the first candidate that was chosen.
func (p *Accounts) rankHeld(r *ranking, now time.Time, plan []Candidate, w *Want, of pass) int {
	most := notHeld
	for i := 0; i < len(plan); {
		j := i + 1
		for j < len(plan) && plan[j].Model == plan[i].Model {
			j++
		}
		for held := notHeld; held <= doubtful; held++ {
			if at := p.rankTiers(r, now, plan[i:j], w, held, of, &most); at >= 0 {
				return i + at
			}
		}
		i = j
	}
	if most < surely {
		return len(plan)
	}
	if at := p.rankTiers(r, now, plan, w, surely, of, &most); at >= 0 {
		return at
	}
	if most == obeyed && (!p.breakersHold(plan) || w.Count) {
		if at := p.rankTiers(r, now, plan, w, obeyed, of, &most); at >= 0 {
			return at
		}
	} else if most == obeyed {
		p.blockOpen(r, plan)
	}
	return len(plan)
}

// rankTiers ranks candidates that are held back so much, one priority after the
// other, until somebody is ready. It returns the candidate's index, or −1.
func (p *Accounts) rankTiers(r *ranking, now time.Time, plan []Candidate, w *Want, held heldBack, of pass, most *heldBack) int {
	for i := 0; i < len(plan); {
		j := i + 1
		for j < len(plan) && plan[j].Priority == plan[i].Priority && plan[j].Model == plan[i].Model {
			j++
		}
		home := ""
		for _, c := range plan[i:j] {
			l := p.lane(c.Backend, c.Model)
			h := p.held(now, l)
			if *most = max(*most, h); h != held {
				continue
			}
			if home == "" && w.Session != 0 && c.CachedFrom > 0 && w.Tokens >= c.CachedFrom {
				home = p.homeOf(now, plan[i:j], w.Session)
			}
			p.rankLane(r, now, l, w, home, of)
		}
		if r.n > 0 {
			return i
		}
		i = j
	}
	return -1
}

// held says how much requests keep away from a lane. What sheds is like one that
// has failed one request: it loses attempts to the others of its model, but none
// altogether.
func (p *Accounts) held(now time.Time, l *lane) heldBack {
	h := l.outage.held()
	if h == notHeld {
		if share := l.shed.Share(now); share > 0 && p.random() < share {
			return doubtful
		}
	}
	return h
}

// rankLane ranks the groups of a lane.
func (p *Accounts) rankLane(r *ranking, now time.Time, l *lane, w *Want, home string, ps pass) {
	var of rest
	of.add(now, l.resting)
	median := l.medianContent(now)
	for i := range l.seats {
		s := &l.seats[i]
		of := of
		if len(s.resting) > 0 {
			of.add(now, s.resting)
		}
		if b := s.quota.noRoom(now, w); b.kind != NoKind && !w.Count {
			r.block(b)
			continue
		}
		if !w.Count && !s.quota.capacity.Room(s.quota.inFlight) {
			r.block(blocked{kind: NoCapacity, what: s.quota.Group, event: true})
			continue
		}
		best, score, tried := -1, 0.0, false
		probe := noProbe
		for j := range s.members {
			m := &s.members[j]
			avoid := Fresh
			if w.Avoid != nil {
				avoid = w.Avoid(m.ID, l.model)
				tried = tried || avoid == Tried
			}
			if avoid == Spent {
				continue
			}
			of := &of
			if len(m.resting) > 0 {
				own := *of
				own.add(now, m.resting)
				of = &own
			}
			switch {
			case of.probes() && (!ps.probes || of.ready.After(now)):
				r.block(of.blocked())
				continue
			case of.soft && !ps.soft:
				r.soft = true
				continue
			case !m.free(now) && !w.Count:
				r.block(m.busy(now))
				continue
			}
			// Within a group: not tried, then the emptiest, then as configured.
			fit := -m.used()
			if avoid == Tried {
				fit -= 2
			}
			if of.probes() {
				fit += 4
			}
			if best < 0 || fit > score {
				best, score, probe = j, fit, noProbe
				if of.probes() {
					probe = ofRest
				}
			}
		}
		if best < 0 {
			continue
		}
		o := option{lane: l, seat: s, place: &s.members[best], probe: probe}
		o.score = Score(p.fit(now, s, o.place.member, w, median, tried, home))
		if len(l.seats) > 1 {
			o.score += ScoreNoise * p.random()
		}
		if o.probe != noProbe {
			o.score = math.Inf(1)
		}
		r.add(o)
	}
}

// fit is what is known of a group for the request.
func (p *Accounts) fit(now time.Time, s *seat, m *member, w *Want, median time.Duration, tried bool, home string) Fit {
	q := s.quota
	limits := q.rates
	if q.taught {
		limits = q.limits(now)
	}
	f := Fit{Health: q.health.Score(now, median), Tried: tried, Use: LargestUse(
		Share{q.load.Requests, 1, limits.Requests},
		Share{q.load.Tokens, w.Tokens, limits.Tokens},
		Share{q.load.Day, 1, limits.Day},
		Share{int64(m.inUse + m.others), 1, int64(m.Slots)},
	)}
	if limits.Day > 0 {
		f.Pace = Pace(q.load, limits, p.dayLeft(now))
	}
	if home != "" && home == q.Group {
		f.Cached = w.Cached
	}
	return f
}

// used is the part of an account's slots that is taken; 0 without a limit.
func (m *member) used() float64 {
	if m.Slots == 0 {
		return 0
	}
	return float64(m.inUse+m.others) / float64(m.Slots)
}

// homeOf is the group of a tier where a conversation is at home.
func (p *Accounts) homeOf(now time.Time, tier []Candidate, session uint64) string {
	first := p.lane(tier[0].Backend, tier[0].Model)
	names, seats := first.names, first.seats
	for _, c := range tier[1:] {
		l := p.lane(c.Backend, c.Model)
		names, seats = append(names[:len(names):len(names)], l.names...), append(seats[:len(seats):len(seats)], l.seats...)
	}
	if len(names) < 2 {
		return ""
	}
	all := 0
	for i := range seats {
		all += seats[i].quota.inFlight
	}
	median := first.medianContent(now)
	i := Home(session, names, func(i int) float64 {
		if q := seats[i].quota; !q.health.Slow(now, median) {
			return LoadShare(q.inFlight, all, len(seats))
		}
		return math.Inf(1)
	})
	return names[i]
}

// probeOutage lets the request find out whether a candidate before the chosen one
// answers again.
func (p *Accounts) probeOutage(r *ranking, now time.Time, before []Candidate, w *Want) {
	for _, c := range before {
		l := p.lane(c.Backend, c.Model)
		if !l.outage.begun() || l.outage.Ready().After(now) {
			continue
		}
		var only ranking
		p.rankLane(&only, now, l, w, "", pass{})
		if only.n == 0 {
			continue
		}
		o := only.options[0]
		o.score, o.probe = math.Inf(1), ofBackend
		r.add(o)
		return
	}
}

// breakersHold reports whether the breakers of a plan are obeyed: not where they
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

// blockOpen notes the breakers that are obeyed.
func (p *Accounts) blockOpen(r *ranking, plan []Candidate) {
	for _, c := range plan {
		if o := &p.lane(c.Backend, c.Model).outage; o.held() == obeyed {
			r.block(blocked{kind: Outage, what: c.Backend, until: o.Ready()})
		}
	}
}
