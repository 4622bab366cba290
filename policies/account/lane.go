package account

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// mostLanes bounds the lanes and the quotas that are remembered: model names
// come from clients.
const mostLanes = 1000

// mostQuotas bounds those that are kept for the limits that they have taught.
const mostQuotas = 10 * mostLanes

// member is an account with its running attempts.
//
// What every ranking reads is kept together, here and in quota: a ranking spends
// most of its time reading memory.
type member struct {
	inUse  int       // attempts of this replica
	others int       // attempts of other replicas, as of the last snapshot
	full   time.Time // the store has no slot until then, as far as known

	Account
	order int // in the configuration
}

// free reports whether there is a slot, as far as known.
func (m *member) free(now time.Time) bool {
	return m.Slots == 0 || m.inUse+m.others < m.Slots && !m.full.After(now)
}

// busy is why an account without a slot may not be asked. The store's answer is
// used until the next snapshot.
func (m *member) busy(now time.Time) blocked {
	b := blocked{kind: Busy, what: m.ID, event: true}
	if m.full.After(now) {
		b.until = m.full
	}
	return b
}

// quota is a group's quota of a model. It is the same at every backend that
// leads to the group's place.
type quota struct {
	rates    state.Rates // configured
	load     state.Load  // of the last snapshot, and what was taken since
	turn     int64       // the lane's, at the group's last attempt
	inFlight int         // attempts of this replica
	taught   bool        // learned is not zero
	full     bool        // room or learned may keep requests back
	capacity Capacity    // of Vertex AI
	health   Health

	state.GroupModel
	learned   Learned
	uncounted uncounted // by the store
	recent    Recent    // successes, for what is learned
	room      room
}

// alone reports whether requests are not reported to the store until a limit is
// learned.
func (q *quota) alone() bool { return q.rates == state.Rates{} }

// limits are the current ones. Vertex AI's tokens per minute are a soft limit:
// a learned one delays no request.
func (q *quota) limits(now time.Time) state.Rates {
	if !q.taught {
		return q.rates
	}
	learned := q.learned.Rates(now)
	if onVertex(q.Group) {
		learned.Tokens = 0
	}
	return Tighter(q.rates, learned)
}

// room is the waiting room of a backend. Backends are configured, so their
// number is bounded.
func (p *Accounts) room(backend string) *waitingRoom {
	r := p.rooms[backend]
	if r == nil {
		r = new(waitingRoom)
		p.rooms[backend] = r
	}
	return r
}

// lane is a model at a backend, as a candidate names it, with the accounts to
// ask there.
type lane struct {
	backend, model string
	room           *waitingRoom
	shape          uint64          // of the book that it was made for
	states         []*subjectState // of the backend
	seats          []seat
	quotas         []*quota // of the seats
	keys           []uint64 // of the seats' groups, for Home
	unlimited      int      // how many of the seats have no configured limits
	turn           *int64   // how many attempts the model has had; its lanes have one together

	median   time.Duration // time to first content of the groups
	medianAt time.Time
	scratch  []time.Duration
	outage   outage
	shed     Shed
}

// seat is a quota group in a lane.
type seat struct {
	quota   *quota
	states  []*subjectState // of the group and its billing account
	members []place
}

// place is an account in a lane.
type place struct {
	*member
	states []*subjectState // of the account
}

type laneKey struct{ backend, model string }

// lane is the candidate's lane. It is made when first needed, and again when a
// new subject is kept back.
func (p *Accounts) lane(backend, model string) *lane {
	k := laneKey{backend, model}
	l := p.lanes[k]
	if l != nil && l.shape == p.book.shape {
		return l
	}
	if l == nil {
		p.makeLaneRoom()
		l = &lane{backend: backend, model: model, room: p.room(backend), turn: p.turnOf(model)}
		p.lanes[k] = l
	}
	p.fill(l)
	return l
}

// turnOf is the attempt counter of a model. It visits all lanes, but only when a
// lane is made.
func (p *Accounts) turnOf(model string) *int64 {
	for k, l := range p.lanes {
		if k.model == model {
			return l.turn
		}
	}
	return new(int64)
}

// fill finds the accounts of a lane.
func (p *Accounts) fill(l *lane) {
	l.shape = p.book.shape
	l.states = p.statesOf(OfBackend, l.backend, l.model)
	l.unlimited = 0
	l.seats, l.quotas, l.keys = nil, nil, nil // not in place: rankings under way hold them
	for _, m := range p.members[l.backend] {
		if m.Disabled {
			continue
		}
		q := p.quota(m.group, l.model)
		i := slices.Index(l.quotas, q)
		if i < 0 {
			i = len(l.seats)
			s := seat{quota: q, states: p.statesOf(OfGroup, m.group, l.model)}
			if m.Billing != "" {
				s.states = append(s.states, p.statesOf(OfBilling, m.Billing, l.model)...)
			}
			l.seats, l.quotas, l.keys = append(l.seats, s), append(l.quotas, q), append(l.keys, GroupKey(m.group))
		}
		s := &l.seats[i]
		s.members = append(s.members, place{m, p.statesOf(OfAccount, m.ID, l.model)})
	}
	for i := range l.seats {
		if s := &l.seats[i]; s.quota.rates == (state.Rates{}) && !slices.ContainsFunc(s.members, func(m place) bool { return m.Slots > 0 }) {
			l.unlimited++
		}
	}
}

// statesOf are the states that the book has of a name, for a model.
func (p *Accounts) statesOf(scope Scope, name, model string) (out []*subjectState) {
	for _, model := range []string{"", model} {
		if t := p.book.subjects[Subject{scope, name, model}]; t != nil {
			out = append(out, t)
		}
	}
	return out
}

// quota is a group's quota of a model.
func (p *Accounts) quota(group, model string) *quota {
	k := state.GroupModel{Group: group, Model: model}
	q := p.quotas[k]
	if q == nil {
		q = &quota{GroupModel: k, rates: p.rates[group]}
		p.quotas[k] = q
	}
	return q
}

// makeLaneRoom bounds the lanes, and with them the quotas. Clients may make up
// models, so lanes are dropped that are not in use and that have neither an
// answer nor a limit. If there are none, all lanes that are not in use are
// dropped.
func (p *Accounts) makeLaneRoom() {
	if len(p.lanes) < mostLanes {
		return
	}
	known := func(s seat) bool {
		return s.quota.inFlight > 0 || s.quota.taught || s.quota.health.Content() > 0
	}
	for k, l := range p.lanes {
		if !l.outage.begun() && !slices.ContainsFunc(l.seats, known) {
			delete(p.lanes, k)
		}
	}
	if len(p.lanes) > mostLanes*9/10 {
		clear(p.lanes)
	}
	used := map[*quota]bool{}
	for _, l := range p.lanes {
		for _, s := range l.seats {
			used[s.quota] = true
		}
	}
	crowded := len(p.quotas) > mostQuotas
	for k, q := range p.quotas {
		if !used[q] && q.inFlight == 0 && (crowded || !q.taught) {
			delete(p.quotas, k)
		}
	}
	p.seen = nil // shared documents of the dropped lanes are read again
}

// medianContent is the median time to first content of the lane's groups. It is
// found anew each second at most: it moves slowly, and takes sorting.
func (l *lane) medianContent(now time.Time) time.Duration {
	if len(l.seats) < 2 || now.Sub(l.medianAt) < time.Second {
		return l.median
	}
	l.scratch = l.scratch[:0]
	for _, s := range l.seats {
		l.scratch = append(l.scratch, s.quota.health.Content())
	}
	l.median, l.medianAt = MedianContent(l.scratch), now
	return l.median
}

// usualContent is the usual time to first content; 0 if unknown.
func (l *lane) usualContent(now time.Time) time.Duration {
	if len(l.seats) == 1 {
		return l.seats[0].quota.health.Content()
	}
	return l.medianContent(now)
}

// groupRates are the limits of each group: the least of its accounts'.
func groupRates(members map[string][]*member) map[string]state.Rates {
	out := map[string]state.Rates{}
	for _, list := range members {
		for _, m := range list {
			out[m.group] = Tighter(out[m.group], m.Rates)
		}
	}
	return out
}

// byOrder lists all accounts in their configured order.
func (p *Accounts) byOrder() []*member {
	var out []*member
	for _, list := range p.members {
		out = append(out, list...)
	}
	slices.SortFunc(out, func(a, b *member) int { return cmp.Compare(a.order, b.order) })
	return out
}

// onVertex reports whether a group's place is Vertex AI, whose limits are soft.
func onVertex(group string) bool { return strings.HasPrefix(group, "vertex/") }
