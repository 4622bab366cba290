package account

import (
	"cmp"
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// Status is the state of all accounts at one time, for people.
type Status struct {
	At time.Time `json:"at"`
	// AsOf is when the store last told what all replicas use, if that is some time
	// before At.
	AsOf     time.Time       `json:"as_of,omitzero"`
	Accounts []AccountStatus `json:"accounts"`
	Groups   []GroupStatus   `json:"groups"`
	Backends []BackendStatus `json:"backends"`
	Queues   []QueueStatus   `json:"queues"` // of tenants that wait or may not ask
}

// Usable says whether an account may be used now.
type Usable struct {
	Now bool `json:"usable"`
	// Kind is the Kind that keeps it back, for programs, or "disabled"; "" if it
	// is usable. Why says the same in words.
	Kind string `json:"kind,omitempty"`
	Why  string `json:"why,omitempty"`
	// Until is when that ends; zero if unknown.
	Until time.Time `json:"until,omitzero"`
	// Probe is when one request may find out whether it has ended before.
	Probe time.Time `json:"probe,omitzero"`
}

// AccountStatus is the status of one account. Models are those that it may not
// be asked for, although it is usable for others.
type AccountStatus struct { //nolint:revive // it stands beside GroupStatus and BackendStatus
	ID      string `json:"id"`
	Backend string `json:"backend"`
	Group   string `json:"group"`
	InUse   int    `json:"in_use"`
	Slots   int    `json:"slots,omitempty"` // 0 is no limit
	Usable
	Models map[string]Usable `json:"models,omitempty"`
	// Token is that of a Google credential; nil for a secret.
	Token *TokenStatus `json:"token,omitempty"`
}

// GroupStatus is the status of one group's quota of a model.
type GroupStatus struct {
	Group string `json:"group"`
	Model string `json:"model"`
	InUse int    `json:"in_use"`
	// Used and Limits are per minute, and per day; a limit of 0 is none. Learned
	// are those that refusals have taught. Concurrency is how many attempts there
	// may be at once where capacity is shared; 0 is no limit.
	Used        state.Rates `json:"used"`
	Limits      state.Rates `json:"limits"`
	Learned     state.Rates `json:"learned,omitzero"`
	Concurrency int         `json:"concurrency,omitempty"`
	// Health is 0 to 100, FirstContent the time to it in seconds.
	Health       float64 `json:"health"`
	FirstContent float64 `json:"first_content_seconds,omitempty"`
	Usable
}

// BackendStatus is the status of a model at a backend.
type BackendStatus struct {
	Backend string `json:"backend"`
	Model   string `json:"model"`
	// Breaker is "closed", "held back" (other backends are asked first) or
	// "open" (only probes are sent). Shed is the share of attempts, 0 to 1, that
	// others get instead.
	Breaker string  `json:"breaker"`
	Shed    float64 `json:"shed,omitempty"`
	Usable
}

// QueueStatus tells how many requests of a tenant wait at this replica, and
// whether the tenant's own limits keep them back.
type QueueStatus struct {
	Tenant  string `json:"tenant"`
	Waiting int    `json:"waiting"`
	Usable
}

// Status returns the current state.
func (p *Accounts) Status(now time.Time) Status {
	s := p.unsorted(now)
	slices.SortFunc(s.Groups, func(a, b GroupStatus) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Model, b.Model))
	})
	slices.SortFunc(s.Backends, func(a, b BackendStatus) int {
		return cmp.Or(cmp.Compare(a.Backend, b.Backend), cmp.Compare(a.Model, b.Model))
	})
	slices.SortFunc(s.Queues, func(a, b QueueStatus) int { return cmp.Compare(a.Tenant, b.Tenant) })
	return s
}

// unsorted collects it all at one time.
func (p *Accounts) unsorted(now time.Time) Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Status{At: now, AsOf: p.asOf(now), Accounts: []AccountStatus{}, Groups: []GroupStatus{}, Backends: []BackendStatus{}, Queues: []QueueStatus{}}
	absent := p.absentModels()
	for _, m := range p.byOrder() {
		s.Accounts = append(s.Accounts, p.accountStatus(now, m, absent[m.group]))
	}
	for _, q := range p.statusQuotas() {
		s.Groups = append(s.Groups, p.groupStatus(now, q))
	}
	for _, l := range p.lanes {
		s.Backends = append(s.Backends, p.backendStatus(now, l))
	}
	s.Queues = append(s.Queues, p.queueStatus(now)...)
	return s
}

// freshFor is how old the store's snapshot may be without Status.AsOf saying so.
const freshFor = 2 * state.SnapshotAge

// asOf is when the last snapshot was taken, if that is some time ago.
func (p *Accounts) asOf(now time.Time) time.Time {
	if !p.shared || now.Sub(p.takenAt) <= freshFor {
		return time.Time{}
	}
	return p.takenAt
}

// mostIdle bounds the number of quotas up to which unused ones are listed.
const mostIdle = 2000

// statusQuotas are the quotas in the status. A model that a client makes up
// leaves one with each group of a backend: if there are very many, unused ones
// are left out, so that reading the status does not keep requests waiting.
func (p *Accounts) statusQuotas() []*quota {
	out := make([]*quota, 0, min(len(p.quotas), mostIdle))
	for _, q := range p.quotas {
		if len(p.quotas) <= mostIdle || !q.idle() {
			out = append(out, q)
		}
	}
	return out
}

// idle reports whether the quota has nothing but its configuration.
func (q *quota) idle() bool {
	return q.inFlight == 0 && !q.taught && q.health.at == 0 && q.capacity.limit == 0 && q.load == state.Load{} && q.room == room{}
}

// accountStatus is the status of one account, and of the models for which it is
// kept back. absent are the models that its group does not have.
func (p *Accounts) accountStatus(now time.Time, m *member, absent []string) AccountStatus {
	s := AccountStatus{ID: m.ID, Backend: m.Backend, Group: m.group, InUse: m.inUse + m.others, Slots: m.Slots, Token: m.tokenStatus()}
	var of rest
	of.add(now, p.restsOf(m, ""))
	switch {
	case m.Disabled:
		s.Usable = Usable{Kind: "disabled", Why: "disabled in heald.yaml"}
	case of.probes():
		s.Usable = of.usable(now)
	case s.Token != nil && !s.Token.Ready:
		s.Usable = m.tokenless(now, s.Token)
	case !m.free(now):
		b := m.busy(now)
		s.Usable = b.usable(now)
	default:
		s.Now = true
	}
	if s.Now { // else they say nothing more
		s.Models = p.restingModels(now, m, absent)
	}
	return s
}

// groupStatus is the status of one group's quota of a model.
func (p *Accounts) groupStatus(now time.Time, q *quota) GroupStatus {
	s := GroupStatus{
		Group: q.Group, Model: q.Model, InUse: q.inFlight, Limits: q.limits(now), Concurrency: q.capacity.Limit(),
		Used:   state.Rates{Requests: q.load.Requests, Tokens: q.load.Tokens, Day: q.load.Day},
		Health: q.health.Score(now, 0), FirstContent: q.health.Content().Seconds(), Usable: Usable{Now: true},
	}
	if q.taught {
		s.Learned = q.learned.Rates(now)
	}
	var of rest
	of.add(now, p.statesOf(OfGroup, q.Group, q.Model))
	switch b := q.noRoom(now, &Want{}); {
	case q.learned.Absent: // however soon a cooldown ends
		s.Usable = absentUsable(q.Group)
	case of.probes():
		s.Usable = of.usable(now)
	case b.kind != NoKind:
		s.Usable = b.usable(now)
	case !q.capacity.Room(q.inFlight):
		b = blocked{kind: NoCapacity, what: q.Group}
		s.Usable = b.usable(now)
	}
	return s
}

var breakerNames = map[heldBack]string{notHeld: "closed", doubtful: "held back", surely: "held back", obeyed: "open"}

// backendStatus is the status of a lane.
func (p *Accounts) backendStatus(now time.Time, l *lane) BackendStatus {
	held := l.outage.held()
	s := BackendStatus{Backend: l.backend, Model: l.model, Breaker: breakerNames[held], Shed: l.shed.Share(now), Usable: Usable{Now: true}}
	var of rest
	of.add(now, p.statesOf(OfBackend, l.backend, l.model))
	switch {
	case of.probes():
		s.Usable = of.usable(now)
	case held == obeyed:
		s.Usable = Usable{Kind: Outage.String(), Why: unavailableTexts[Outage]}
	}
	if l.outage.begun() {
		s.Probe = l.outage.Ready()
	}
	return s
}

// queueStatus lists the tenants that wait, or may not ask.
func (p *Accounts) queueStatus(now time.Time) (out []QueueStatus) {
	waiting := map[string]int{}
	p.queue.each(func(tenant string, n int) { waiting[tenant] = n })
	for tenant, b := range p.tenants {
		if b.until.After(now) {
			waiting[tenant] += 0
		}
	}
	for tenant, n := range waiting {
		s := QueueStatus{Tenant: tenant, Waiting: n, Usable: Usable{Now: true}}
		if b := p.tenants[tenant]; b.until.After(now) {
			s.Usable = b.usable(now)
		}
		out = append(out, s)
	}
	return out
}

// usable describes what keeps something back.
func (r *rest) usable(now time.Time) Usable {
	b := r.blocked()
	u := b.usable(now)
	u.Why = unavailableTexts[r.kind]
	if r.said != "" {
		u.Why += ": " + r.said
	}
	u.Why += " (" + r.scope.String() + " " + r.what + ")"
	return u
}

// usable describes what keeps something back. If only an event or a reload ends
// it, its end is unknown.
func (b *blocked) usable(now time.Time) Usable {
	u := Usable{Kind: b.kind.String(), Why: unavailableTexts[b.kind]}
	if b.what != "" {
		u.Why += " (" + b.what + ")"
	}
	if !b.event && b.until.Sub(now) < forGood/2 {
		u.Until = b.until
	}
	if b.retry.After(now) && b.retry.Before(b.until) {
		u.Probe = b.retry
	}
	return u
}
