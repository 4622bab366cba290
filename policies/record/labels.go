package record

import (
	"sync/atomic"
)

// other is the label of every name that is not configured.
const other = "other"

// Names are the names that may become labels: configured ones, never a client's.
// They bound the number of time series. An unknown name becomes "other"; an
// empty one stays empty. The zero value knows none.
type Names struct {
	Tenants, Backends, Accounts map[string]bool
	// Model names a model for a label; "" if the configuration does not know
	// it.
	Model func(string) string
}

// TenantLabel is the label of a tenant.
func (n *Names) TenantLabel(name string) string { return known(n.Tenants, name) }

// BackendLabel is the label of a backend: routes may name others than the
// configuration.
func (n *Names) BackendLabel(name string) string { return known(n.Backends, name) }

// AccountLabel is the label of an account.
func (n *Names) AccountLabel(id string) string { return known(n.Accounts, id) }

// ModelLabel is the label of a model, whose name clients may have made up.
func (n *Names) ModelLabel(name string) string {
	if name == "" {
		return ""
	}
	if n.Model != nil {
		if label := n.Model(name); label != "" {
			return label
		}
	}
	return other
}

func known(names map[string]bool, name string) string {
	if name == "" || names[name] {
		return name
	}
	return other
}

// Labels counts tokens and money by tenant, backend, account and model. It is a
// Recorder that needs no queue.
type Labels struct {
	metrics *Metrics
	names   atomic.Pointer[Names]
}

// NewLabels makes a recorder without names.
func NewLabels(m *Metrics) *Labels {
	l := &Labels{metrics: m}
	l.SetNames(Names{})
	return l
}

// SetNames changes what may become a label, as after a reload.
func (l *Labels) SetNames(n Names) { l.names.Store(&n) }

// perUnit is how many billionths the currency's unit has.
const perUnit = 1e9

// Attempt counts an attempt.
func (l *Labels) Attempt(a Attempt) {
	u := a.Usage
	if u == nil {
		return
	}
	n := l.names.Load()
	place := [...]string{n.TenantLabel(a.Tenant), n.BackendLabel(a.Backend), n.AccountLabel(a.Account), n.ModelLabel(a.Model)}
	count := func(kind string, tokens int64) {
		if tokens > 0 {
			l.metrics.tokens.Of(place[0], place[1], place[2], place[3], kind).Add(float64(tokens))
		}
	}
	count("input", u.Input-u.Cached)
	count("cached", u.Cached)
	count("output", u.Output-u.Thinking)
	count("thinking", u.Thinking)
	if a.Cost == nil {
		l.metrics.unknown.Of(place[:]...).Inc()
		return
	}
	l.metrics.cost.Of(place[:]...).Add(float64(*a.Cost) / perUnit)
}

// Request counts nothing: attempts are billed.
func (l *Labels) Request(Request) {}
