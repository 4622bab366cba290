package account

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics tells of accounts on a registry. Labels are names that are configured,
// and the models that a name function lets pass.
type Metrics struct {
	of    func() *Accounts
	model func(string) string

	slots, limit, cooling, waiting, acquired, waited, refused *prometheus.Desc
}

// NewMetrics makes a collector. of returns the accounts of now, nil for none: a
// reload makes new ones, and their counters begin anew. model makes a label of a
// model's name, which may come from a client.
func NewMetrics(of func() *Accounts, model func(string) string) *Metrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("heald_"+name, help, labels, nil)
	}
	return &Metrics{of: of, model: model,
		slots:    desc("account_slots_in_use", "Attempts under way, over all replicas as of the last snapshot.", "backend", "account"),
		limit:    desc("account_slots", "Attempts that the account may have at once; absent without a limit.", "backend", "account"),
		cooling:  desc("account_cooldown_seconds", "How long the account still rests for the model; model is empty for all.", "backend", "account", "model"),
		waiting:  desc("accounts_waiting", "Requests that wait for an account at this replica."),
		acquired: desc("accounts_acquired_total", "Attempts that were given an account."),
		waited:   desc("accounts_waited_total", "Attempts that had to wait for an account."),
		refused:  desc("accounts_refused_total", "Attempts that were given no account, by why.", "why"),
	}
}

// Describe is that of prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.slots, m.limit, m.cooling, m.waiting, m.acquired, m.waited, m.refused} {
		ch <- d
	}
}

// Collect is that of prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	p := m.of()
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.readAgain(now) // for the next time: while no request comes, nobody else reads
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	for _, a := range p.byOrder() {
		gauge(m.slots, float64(a.inUse+a.others), a.Backend, a.ID)
		if a.Slots > 0 {
			gauge(m.limit, float64(a.Slots), a.Backend, a.ID)
		}
		for model, left := range p.coolingOf(now, a, m.model) {
			gauge(m.cooling, left.Seconds(), a.Backend, a.ID, model)
		}
	}
	gauge(m.waiting, float64(p.queue.Waiting()))
	count(m.acquired, p.decisions.acquired)
	count(m.waited, p.decisions.waited)
	for k := Kind(1); k < kinds; k++ {
		count(m.refused, p.decisions.refused[k], k.String())
	}
}

// coolingOf is how long an account still rests, by the label of the model.
func (p *Accounts) coolingOf(now time.Time, m *member, label func(string) string) map[string]time.Duration {
	out := map[string]time.Duration{}
	note := func(model, label string) {
		var of rest
		if of.add(now, p.restsOf(m, model)); of.probes() {
			out[label] = max(out[label], of.until.Sub(now))
		}
	}
	note("", "")
	for s, t := range p.book.tired {
		if s.Model != "" && t.until.After(now) {
			note(s.Model, label(s.Model))
		}
	}
	return out
}
