package record

import (
	"sync/atomic"
)

// other is the label of what no configuration names.
const other = "other"

// Names are the names that may become labels: those of the configuration, never
// a client's. The number of time series is bounded by them.
type Names struct {
	Tenants, Backends, Accounts map[string]bool
	// Model names a model for a label; "" if the configuration does not know
	// it.
	Model func(string) string
}

// Labels counts tokens and money by tenant, backend, account and model. It is a
// Recorder that needs no queue.
type Labels struct {
	metrics *Metrics
	names   atomic.Pointer[Names]
}

// NewLabels makes a recorder that knows no names yet.
func NewLabels(m *Metrics) *Labels {
	l := &Labels{metrics: m}
	l.SetNames(Names{})
	return l
}

// SetNames changes what may become a label, as after a reload.
func (l *Labels) SetNames(n Names) {
	if n.Model == nil {
		n.Model = func(string) string { return "" }
	}
	l.names.Store(&n)
}

// SetTenants changes the names of tenants alone. It must not run beside SetNames.
func (l *Labels) SetTenants(names map[string]bool) {
	n := *l.names.Load()
	n.Tenants = names
	l.names.Store(&n)
}

// perUnit is how many billionths the currency's unit has.
const perUnit = 1e9

// Attempt counts an attempt.
func (l *Labels) Attempt(a Attempt) {
	u := a.Usage
	if u == nil {
		return
	}
	n := l.names.Load()
	model := n.Model(a.Model)
	if model == "" {
		model = other
	}
	place := [...]string{known(n.Tenants, a.Tenant), known(n.Backends, a.Backend), known(n.Accounts, a.Account), model}
	count := func(kind string, tokens int64) {
		if tokens > 0 {
			l.metrics.tokens.WithLabelValues(place[0], place[1], place[2], place[3], kind).Add(float64(tokens))
		}
	}
	count("input", u.Input-u.Cached)
	count("cached", u.Cached)
	count("output", u.Output-u.Thinking)
	count("thinking", u.Thinking)
	if a.Cost == nil {
		l.metrics.unknown.WithLabelValues(place[:]...).Inc()
		return
	}
	l.metrics.cost.WithLabelValues(place[:]...).Add(float64(*a.Cost) / perUnit)
}

// Request counts nothing: attempts are what is billed.
func (l *Labels) Request(Request) {}

func known(names map[string]bool, name string) string {
	if names[name] {
		return name
	}
	return other
}
