package account

import (
	"math"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// pass says what also counts as ready: accounts that are due for a probe, and
// those with a soft cooldown.
type pass struct{ probes, soft bool }

// rank finds the accounts that may be asked: of the first model in the plan, and
// in it of the first candidates, with one ready at once. Candidates that are
// held back come after the others of their model, and after all models if it is
// sure that they fail.
func (p *Accounts) rank(now time.Time, plan []Candidate, w *Want) (r ranking) {
	of := pass{probes: !w.Retry && !w.NoProbe && !w.Count}
	at := p.rankHeld(&r, now, plan, w, of)
	if of.soft = true; r.n == 0 && r.soft {
		r = ranking{}
		at = p.rankHeld(&r, now, plan, w, of)
	}
	if r.n == 0 && !of.probes && !w.Count {
		r = ranking{}
		at = p.rankHeld(&r, now, plan, w, pass{probes: true, soft: true}) // used if nothing else is ready
	}
	if of.probes || r.n == 0 && !w.Count {
		p.probeOutage(&r, now, plan[:at], w)
	}
	if o := &r.options[0]; r.n > 0 && of.probes && o.probe == noProbe && o.lane.outage.begun() && !o.lane.outage.Ready().After(now) {
		o.probe = ofBackend // the candidate is asked anyway
	}
	return r
}

// heldWait is how long to wait for a candidate rather than ask one that failed
// recently, which may cost a whole deadline.
const heldWait = 10 * time.Second

// rankHeld ranks by how much candidates are held back. It returns the index of
// the first candidate that was chosen.
func (p *Accounts) rankHeld(r *ranking, now time.Time, plan []Candidate, w *Want, of pass) int {
	most := notHeld
	worthIt := now.Add(min(w.MaxWait, heldWait))
	for i := 0; i < len(plan); {
		j := i + 1
		for j < len(plan) && plan[j].Model == plan[i].Model {
			j++
		}
		one := ranking{}
		at := p.rankTiers(&one, now, plan[i:j], w, notHeld, of, &most)
		if at < 0 && !one.soonest.endsBy(worthIt) {
			at = p.rankTiers(&one, now, plan[i:j], w, doubtful, of, &most)
		}
		r.merge(&one)
		if at >= 0 {
			return i + at
		}
		if plan[i].Begun && one.soonest.endsBy(now.Add(w.MaxWait)) {
			return len(plan)
		}
		i = j
	}
	if most == notHeld || r.soonest.endsBy(worthIt) {
		return len(plan)
	}
	for held := doubtful; held <= surely; held++ {
		if at := p.rankTiers(r, now, plan, w, held, of, &most); at >= 0 {
			return at
		}
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
		var home *quota
		for _, c := range plan[i:j] {
			l := p.lane(c.Backend, c.Model)
			h := p.held(now, l)
			if *most = max(*most, h); h != held {
				continue
			}
			if home == nil && w.Session != 0 && c.CachedFrom > 0 && w.Tokens >= c.CachedFrom {
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

// rankLane ranks the groups of a lane.
func (p *Accounts) rankLane(r *ranking, now time.Time, l *lane, w *Want, home *quota, of pass) {
	var ofLane rest
	ofLane.add(now, l.states)
	median := l.medianContent(now)
	var noise noise
	if len(l.seats) > 1 {
		noise = newNoise(p.random())
	}
	for i := range l.seats {
		s := &l.seats[i]
		rests := &ofLane
		if len(s.states) > 0 {
			own := ofLane
			own.add(now, s.states)
			rests = &own
		}
		if s.quota.full && !w.Count {
			if b := s.quota.noRoom(now, w); b.kind != NoKind {
				r.block(b)
				continue
			}
		}
		if !w.Count && !s.quota.capacity.Room(s.quota.inFlight) {
			r.block(blocked{kind: NoCapacity, what: s.quota.Group, event: true})
			continue
		}
		o := option{lane: l, seat: s}
		tried := r.bestOf(now, &o, w, rests, of)
		if o.place == nil {
			continue
		}
		if o.probe != noProbe || o.again {
			o.score = math.Inf(1)
		} else {
			o.score = p.score(now, &o, w, median, tried, home) + ScoreNoise*noise.next()
		}
		if r.isAmongBest(o.score) {
			r.add(o)
		}
	}
}

// bestOf finds the account of a group to ask: of those that may be asked one that
// the request has not tried, then the emptiest, then the first as configured.
// What may be probed comes first. tried says that the request has tried the
// group.
func (r *ranking) bestOf(now time.Time, best *option, w *Want, group *rest, of pass) (tried bool) {
	most := 0.0
	for i := range best.seat.members {
		m := &best.seat.members[i]
		avoid := Fresh
		if w.Avoid != nil {
			avoid = w.Avoid(m.ID, best.lane.model)
			tried = tried || avoid == Tried
		}
		rests := group
		if len(m.states) > 0 {
			own := *group
			own.add(now, m.states)
			rests = &own
		}
		if avoid == Spent || !r.mayAsk(now, m, w, rests, of) {
			continue
		}
		fit, probe := 0.0, noProbe
		if len(best.seat.members) > 1 {
			fit = -m.used()
		}
		switch avoid {
		case Tried:
			fit -= 2
		case Again:
			fit += 4
		}
		if rests.probes() {
			fit, probe = fit+4, ofRest
		}
		if best.place == nil || fit > most {
			best.place, best.probe, best.again, most = m, probe, avoid == Again, fit
		}
	}
	return tried
}

// mayAsk reports whether an account may be asked, and records why not.
func (r *ranking) mayAsk(now time.Time, m *place, w *Want, rests *rest, of pass) bool {
	switch {
	case rests.probes() && (!of.probes || rests.ready.After(now)):
		b := rests.blocked()
		b.event = m.Tokens != nil && b.kind == BadCredential // until its token is renewed
		r.block(b)
	case m.Tokens != nil && m.Unusable() != "":
		r.block(blocked{kind: BadCredential, cause: NoToken, what: m.ID, event: true})
	case rests.soft && !of.soft:
		r.soft = true
	case !m.free(now) && !w.Count:
		r.block(m.busy(now))
	default:
		return true
	}
	return false
}

// score is how well an option fits the request.
func (p *Accounts) score(now time.Time, o *option, w *Want, median time.Duration, tried bool, home *quota) float64 {
	q, m := o.seat.quota, o.place.member
	limits := q.rates
	if q.taught {
		limits = q.limits(now)
	}
	f := Fit{Health: q.health.Score(now, median), Tried: tried}
	if m.Slots == 0 && limits == (state.Rates{}) {
		f.Use = UnknownUse
		if o.lane.unlimited > 1 { // else there is no other group to take turns with
			f.Recent = 1 / float64(1+*o.lane.turn-q.turn)
		}
	} else {
		f.Use = LargerUse(f.Use, q.load.Requests+1, limits.Requests)
		f.Use = LargerUse(f.Use, q.load.Tokens+w.Tokens, limits.Tokens)
		f.Use = LargerUse(f.Use, q.load.Day+1, limits.Day)
		f.Use = LargerUse(f.Use, int64(m.inUse+m.others)+1, int64(m.Slots))
	}
	if limits.Day > 0 {
		f.Pace = Pace(q.load, limits, p.dayLeft(now))
	}
	if home == q {
		f.Cached = w.Cached
	}
	return Score(&f)
}

// used is the part of an account's slots that is taken; 0 without a limit.
func (m *member) used() float64 {
	if m.Slots == 0 {
		return 0
	}
	return float64(m.inUse+m.others) / float64(m.Slots)
}
