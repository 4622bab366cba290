package account

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heald-proxy/heald/policies/state"
)

// Metrics collects the metrics of accounts. Labels are configured names
// (accounts, their groups and backends, tenants), and models that a function
// maps to few names: what clients send makes no series.
type Metrics struct {
	of    func() *Accounts
	model func(string) string

	status, slots, limit, cooling, breaker, shed, used, limits, learned,
	expires, fetched, failed,
	waiting, tenant, acquired, waited, refused *prometheus.Desc
}

// NewMetrics makes a collector. of returns the current accounts, nil for none: a
// reload makes new ones, and their counters start again. model maps a model's
// name, which may come from a client, to one of few labels.
func NewMetrics(of func() *Accounts, model func(string) string) *Metrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("heald_"+name, help, labels, nil)
	}
	return &Metrics{of: of, model: model,
		status:   desc("account_state", "1 for what the account is now: ready, disabled, or the kind of what keeps it back for all models.", "backend", "account", "state"),
		slots:    desc("account_slots_in_use", "Attempts under way, over all replicas as of the last snapshot.", "backend", "account"),
		limit:    desc("account_slots", "Attempts that the account may have at once; absent without a limit.", "backend", "account"),
		cooling:  desc("account_cooldown_seconds", "How long the account still rests for the model; model is empty for all.", "backend", "account", "model"),
		breaker:  desc("backend_breaker", "0 closed, 1 held back (others are asked first), 2 open (only probes are sent).", "backend", "model"),
		shed:     desc("backend_shed_ratio", "Share of attempts that others get instead, since the backend fails many.", "backend", "model"),
		used:     desc("group_used", "What the quota group has used, as of the last snapshot: rpm and tpm in the last minute, rpd of the day.", "group", "model", "limit"),
		limits:   desc("group_limit", "Limit of the quota group that counts now, configured or learned; absent without one.", "group", "model", "limit"),
		learned:  desc("group_learned_limit", "Limit of the quota group that refusals have taught; absent without one.", "group", "model", "limit"),
		expires:  desc("token_expires_seconds", "How long the account's access token is still good; 0 without one, absent for accounts with a key.", "account"),
		fetched:  desc("token_fetches_total", "Access tokens fetched for the account; accounts with one credential share them.", "account"),
		failed:   desc("token_failures_total", "Fetches of the account's access token that failed.", "account"),
		waiting:  desc("accounts_waiting", "Requests that wait for an account at this replica."),
		tenant:   desc("tenant_waiting", "Requests of the tenant that wait for an account at this replica; absent where none does.", "tenant"),
		acquired: desc("accounts_acquired_total", "Attempts that were given an account."),
		waited:   desc("accounts_waited_total", "Attempts that had to wait for an account."),
		refused:  desc("accounts_refused_total", "Attempts that were given no account, by why.", "why"),
	}
}

// Describe is that of prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		m.status, m.slots, m.limit, m.cooling, m.breaker, m.shed, m.used, m.limits, m.learned, m.expires, m.fetched, m.failed, m.waiting, m.tenant, m.acquired, m.waited, m.refused,
	} {
		ch <- d
	}
}

// Collect is that of prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	p := m.of()
	if p == nil {
		return
	}
	for _, sample := range m.samples(p, time.Now()) { // collected first, so that a slow reader holds no lock
		ch <- sample
	}
}

// samples collects all values at one time.
func (m *Metrics) samples(p *Accounts, now time.Time) (out []prometheus.Metric) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.readAgain(now) // for the next scrape: without requests, nothing else reads it
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out = append(out, prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...))
	}
	count := func(d *prometheus.Desc, v int64, labels ...string) {
		out = append(out, prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...))
	}
	for _, a := range p.byOrder() {
		word := ready
		if is := p.accountStatus(now, a, nil).Usable; !is.Now {
			word = is.Kind
		}
		gauge(m.status, 1, a.Backend, a.ID, word)
		gauge(m.slots, float64(a.inUse+a.others), a.Backend, a.ID)
		if a.Slots > 0 {
			gauge(m.limit, float64(a.Slots), a.Backend, a.ID)
		}
		if t := a.tokenStatus(); t != nil {
			gauge(m.expires, max(t.Expires.Sub(now).Seconds(), 0), a.ID)
			count(m.fetched, t.Fetched, a.ID)
			count(m.failed, t.Failed, a.ID)
		}
		for model, left := range p.coolingOf(now, a, m.model) {
			gauge(m.cooling, left.Seconds(), a.Backend, a.ID, model)
		}
	}
	m.backends(p, now, gauge)
	m.groups(p, now, gauge)
	gauge(m.waiting, float64(p.queue.Waiting()))
	p.queue.each(func(tenant string, waiting int) { gauge(m.tenant, float64(waiting), tenant) })
	count(m.acquired, p.decisions.acquired)
	count(m.waited, p.decisions.waited)
	for k := Kind(1); k < kinds; k++ {
		count(m.refused, p.decisions.refused[k], k.String())
	}
	return out
}

// ready is the state of an account that is not kept back.
const ready = "ready"

type gauge func(d *prometheus.Desc, v float64, labels ...string)

// backends collects lanes. Of models with one label the worst counts.
func (m *Metrics) backends(p *Accounts, now time.Time, gauge gauge) {
	type worst struct {
		breaker int
		shed    float64
	}
	by := map[laneKey]worst{}
	for _, l := range p.lanes {
		k := laneKey{l.backend, m.model(l.model)}
		by[k] = worst{max(by[k].breaker, breakerLevels[l.outage.held()]), max(by[k].shed, l.shed.Share(now))}
	}
	for k, w := range by {
		gauge(m.breaker, float64(w.breaker), k.backend, k.model)
		gauge(m.shed, w.shed, k.backend, k.model)
	}
}

var breakerLevels = map[heldBack]int{notHeld: 0, doubtful: 1, surely: 1, obeyed: 2}

// groups collects quotas. Many models may have one label ("other"): of those with
// a limit the fullest is shown, with its own limit, and of those without the sum.
func (m *Metrics) groups(p *Accounts, now time.Time, gauge gauge) {
	type quotaLimit struct {
		state.GroupModel
		limit string
	}
	by := map[quotaLimit]quotaUse{}
	for _, q := range p.statusQuotas() {
		of := state.GroupModel{Group: q.Group, Model: m.model(q.Model)}
		limits, learned := q.limits(now), state.Rates{}
		if q.taught {
			learned = q.learned.Rates(now)
		}
		for _, u := range []struct {
			limit string
			quotaUse
		}{
			{"rpm", quotaUse{q.load.Requests, limits.Requests, learned.Requests}},
			{"tpm", quotaUse{q.load.Tokens, limits.Tokens, learned.Tokens}},
			{"rpd", quotaUse{q.load.Day, limits.Day, learned.Day}},
		} {
			k := quotaLimit{of, u.limit}
			by[k] = by[k].with(u.quotaUse)
		}
	}
	for k, u := range by {
		gauge(m.used, float64(u.used), k.Group, k.Model, k.limit)
		if u.limit > 0 {
			gauge(m.limits, float64(u.limit), k.Group, k.Model, k.limit)
		}
		if u.learned > 0 {
			gauge(m.learned, float64(u.learned), k.Group, k.Model, k.limit)
		}
	}
}

// quotaUse is what is used of one limit, the limit, and what was learned of it; 0
// means that there is none.
type quotaUse struct{ used, limit, learned int64 }

// with returns what one label shows of u and of v.
func (u quotaUse) with(v quotaUse) quotaUse {
	switch {
	case u.limit <= 0 && v.limit <= 0:
		return quotaUse{u.used + v.used, 0, max(u.learned, v.learned)}
	case u.limit <= 0 || v.limit > 0 && float64(v.used)/float64(v.limit) > float64(u.used)/float64(u.limit):
		return v
	}
	return u
}

// coolingOf is how long an account is still kept back, by the label of the
// model.
func (p *Accounts) coolingOf(now time.Time, m *member, label func(string) string) map[string]time.Duration {
	out := map[string]time.Duration{}
	note := func(model, label string) {
		var of rest
		if of.add(now, p.restsOf(m, model)); of.probes() {
			out[label] = max(out[label], of.until.Sub(now))
		}
	}
	note("", "")
	for s, t := range p.book.subjects {
		if s.Model != "" && t.until.After(now) && m.concerns(s) {
			note(s.Model, label(s.Model))
		}
	}
	return out
}
