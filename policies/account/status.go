package account

import (
	"cmp"
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// Status is what is known of all accounts at one time, for people.
type Status struct {
	At       time.Time       `json:"at"`
	Accounts []OneStatus     `json:"accounts"`
	Groups   []GroupStatus   `json:"groups"`
	Backends []BackendStatus `json:"backends"`
	Queues   []QueueStatus   `json:"queues,omitempty"`
}

// Usable says whether something may be asked now.
type Usable struct {
	Now bool `json:"usable"`
	// Why says in words why not; "" if it is.
	Why string `json:"why,omitempty"`
	// Until is when that ends; zero if nobody knows.
	Until time.Time `json:"until,omitzero"`
	// Probe is when one request may find out whether it has ended before.
	Probe time.Time `json:"probe,omitzero"`
}

// OneStatus tells of one account. Models are those that it may not be asked
// for though it may for others.
type OneStatus struct {
	ID      string `json:"id"`
	Backend string `json:"backend"`
	Group   string `json:"group"`
	InUse   int    `json:"in_use"`
	Slots   int    `json:"slots,omitempty"` // 0 is no limit
	Usable
	Models map[string]Usable `json:"models,omitempty"`
}

// GroupStatus tells of one group's quota of a model.
type GroupStatus struct {
	Group string `json:"group"`
	Model string `json:"model"`
	InUse int    `json:"in_use"`
	// Used and Limits are per minute, and per day; Learned says that some limit
	// is known from refusals alone. Concurrency is how many attempts there may
	// be at once where capacity is shared; 0 is no limit.
	Used        state.Rates `json:"used"`
	Limits      state.Rates `json:"limits"`
	Learned     bool        `json:"learned,omitempty"`
	Concurrency int         `json:"concurrency,omitempty"`
	// Health is 0 to 100, FirstContent the time to it.
	Health       float64       `json:"health"`
	FirstContent time.Duration `json:"first_content,omitempty"`
	Usable
}

// BackendStatus tells of a model at a backend.
type BackendStatus struct {
	Backend string `json:"backend"`
	Model   string `json:"model"`
	// Breaker is "closed", "held back" (other backends are asked first) or
	// "open" (only probes are sent). Shed is the share of attempts that others
	// get instead.
	Breaker string    `json:"breaker"`
	Probe   time.Time `json:"probe,omitzero"`
	Shed    float64   `json:"shed,omitempty"`
}

// QueueStatus tells how many requests of a tenant wait at this replica.
type QueueStatus struct {
	Tenant  string `json:"tenant"`
	Waiting int    `json:"waiting"`
}

// Status tells what is known now.
func (p *Accounts) Status(now time.Time) Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.readAgain(now) // for the next time: while no request comes, nobody else reads
	s := Status{At: now}
	for _, m := range p.byOrder() {
		s.Accounts = append(s.Accounts, p.oneStatus(now, m))
	}
	for _, q := range p.quotas {
		g := GroupStatus{
			Group: q.Group, Model: q.Model, InUse: q.inFlight, Limits: q.limits(now), Learned: q.taught, Concurrency: q.capacity.Limit(),
			Used:   state.Rates{Requests: q.load.Requests, Tokens: q.load.Tokens, Day: q.load.Day},
			Health: q.health.Score(now, 0), FirstContent: q.health.Content(), Usable: Usable{Now: true},
		}
		var of rest
		of.add(now, p.restingOf(OfGroup, q.Group, q.Model))
		switch b := q.noRoom(now, &Want{}); {
		case of.probes():
			g.Usable = of.usable()
		case b.kind != NoKind:
			g.Usable = Usable{Why: unavailableWords[b.kind], Until: b.until}
		}
		s.Groups = append(s.Groups, g)
	}
	slices.SortFunc(s.Groups, func(a, b GroupStatus) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Model, b.Model))
	})
	for _, l := range p.lanes {
		b := BackendStatus{Backend: l.backend, Model: l.model, Breaker: breakerWords[l.outage.held()], Shed: l.shed.Share(now)}
		if l.outage.begun() {
			b.Probe = l.outage.Ready()
		}
		s.Backends = append(s.Backends, b)
	}
	slices.SortFunc(s.Backends, func(a, b BackendStatus) int {
		return cmp.Or(cmp.Compare(a.Backend, b.Backend), cmp.Compare(a.Model, b.Model))
	})
	p.queue.each(func(tenant string, waiting int) { s.Queues = append(s.Queues, QueueStatus{tenant, waiting}) })
	slices.SortFunc(s.Queues, func(a, b QueueStatus) int { return cmp.Compare(a.Tenant, b.Tenant) })
	return s
}

var breakerWords = map[heldBack]string{notHeld: "closed", doubtful: "held back", surely: "held back", obeyed: "open"}

// oneStatus tells of one account, and of the models for which it rests.
func (p *Accounts) oneStatus(now time.Time, m *member) OneStatus {
	s := OneStatus{ID: m.ID, Backend: m.Backend, Group: m.group, InUse: m.inUse + m.others, Slots: m.Slots}
	var of rest
	of.add(now, p.restsOf(m, ""))
	switch {
	case m.Disabled:
		s.Why = "disabled in heald.yaml"
	case of.probes():
		s.Usable = of.usable()
	case !m.free(now):
		s.Why = unavailableWords[Busy]
	default:
		s.Now = true
	}
	for subject, t := range p.book.tired {
		if subject.Model == "" || !t.until.After(now) || s.Models[subject.Model].Why != "" {
			continue
		}
		var of rest
		of.add(now, p.restsOf(m, subject.Model))
		if of.probes() && s.Now {
			if s.Models == nil {
				s.Models = map[string]Usable{}
			}
			s.Models[subject.Model] = of.usable()
		}
	}
	return s
}

// restsOf is what may keep an account back, for a model.
func (p *Accounts) restsOf(m *member, model string) []*tired {
	out := p.restingOf(OfAccount, m.ID, model)
	out = append(out, p.restingOf(OfGroup, m.group, model)...)
	if m.Billing != "" {
		out = append(out, p.restingOf(OfBilling, m.Billing, model)...)
	}
	return append(out, p.restingOf(OfBackend, m.Backend, model)...)
}

// usable words what keeps an account back.
func (r *rest) usable() Usable {
	u := Usable{Why: unavailableWords[r.kind] + " (" + r.scope.String() + " " + r.what + ")", Until: r.until}
	if r.ready.Before(r.until) {
		u.Probe = r.ready
	}
	if time.Until(u.Until) > forGood/2 {
		u.Until = time.Time{}
	}
	return u
}
