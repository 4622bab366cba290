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

// member is an account with its attempts.
//
// What every ranking reads stands together, here and in quota: the time that
// ranking takes is mostly that of reading memory.
type member struct {
	inUse  int       // attempts of this replica
	others int       // attempts of other replicas, as of the last snapshot
	full   time.Time // until then the store has no slot, as far as it is known

	Account
	group string
	order int // in the configuration
}

// free reports whether there is a slot, as far as it is known.
func (m *member) free(now time.Time) bool {
	return m.Slots == 0 || m.inUse+m.others < m.Slots && !m.full.After(now)
}

// busy is why an account without a slot may not be asked. What the store said is
// not asked again before its snapshot is over.
func (m *member) busy(now time.Time) blocked {
	b := blocked{kind: Busy, what: m.ID, event: true}
	if m.full.After(now) {
		b.until = m.full
	}
	return b
}

// quota is a group's quota of a model. It is that of the group wherever the
// model is asked: two backends may lead to one place.
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

// alone reports whether the store is not told of what is sent as long as nothing
// is learned.
func (q *quota) alone() bool { return q.rates == state.Rates{} }

// limits are those that count now. Vertex AI's tokens per minute are soft: what
// was learned of them paces nobody.
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

// room is where requests wait for a backend first. Backends are configured, so
// their number is bounded.
func (p *Accounts) room(backend string) *waitingRoom {
	r := p.rooms[backend]
	if r == nil {
		r = new(waitingRoom)
		p.rooms[backend] = r
	}
	return r
}

// lane is a model at a backend: what a candidate names, with whom to ask there.
type lane struct {
	backend, model string
	room           *waitingRoom
	shape          uint64   // of the book that it was made for
	resting        []*tired // of the backend
	seats          []seat
	quotas         []*quota // of the seats
	keys           []uint64 // of the seats' groups, for Home
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
	resting []*tired // of the group and its billing account
	members []place
}

// place is an account in a lane.
type place struct {
	*member
	resting []*tired // of the account
}

type laneKey struct{ backend, model string }

// lane is the one of a candidate. It is made when it is first asked for, and
// again when something is kept back that was not before.
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

// turnOf is where the attempts of a model are counted. It looks at all lanes, but
// only when one is made.
func (p *Accounts) turnOf(model string) *int64 {
	for k, l := range p.lanes {
		if k.model == model {
			return l.turn
		}
	}
	return new(int64)
}

// fill finds who can be asked in a lane.
func (p *Accounts) fill(l *lane) {
	l.shape = p.book.shape
	l.resting = p.restingOf(OfBackend, l.backend, l.model)
	l.seats, l.quotas, l.keys = nil, nil, nil // not in place: rankings under way hold them
	for _, m := range p.members[l.backend] {
		if m.Disabled {
			continue
		}
		q := p.quota(m.group, l.model)
		i := slices.Index(l.quotas, q)
		if i < 0 {
			i = len(l.seats)
			s := seat{quota: q, resting: p.restingOf(OfGroup, m.group, l.model)}
			if m.Billing != "" {
				s.resting = append(s.resting, p.restingOf(OfBilling, m.Billing, l.model)...)
			}
			l.seats, l.quotas, l.keys = append(l.seats, s), append(l.quotas, q), append(l.keys, GroupKey(m.group))
		}
		s := &l.seats[i]
		s.members = append(s.members, place{m, p.restingOf(OfAccount, m.ID, l.model)})
	}
}

// restingOf are the subjects of a name that the book has, for a model.
func (p *Accounts) restingOf(scope Scope, name, model string) (out []*tired) {
	for _, model := range []string{"", model} {
		if t := p.book.tired[Subject{scope, name, model}]; t != nil {
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

// makeLaneRoom keeps the lanes bounded, and with them the quotas. Clients may make
// up models, so those go that nobody uses and that nothing is known of: neither an
// answer nor a limit. With none, all lanes go that are not used.
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
	p.seen = nil // what replicas share of those that went is read again
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

// usualContent is what an attempt's content usually takes to begin; 0 if that is
// not known.
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

// byOrder lists all accounts as they were configured.
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
