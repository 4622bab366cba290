package exchange

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heald-proxy/heald/policies"
)

// Two times are measured of every attempt: until the provider's headers, and
// until its first content. Where the headers come at once and the content late,
// sending an attempt twice gains nothing: Envoy chooses by headers.

// measureHeaders measures the time until the response's headers.
func (a *attempt) measureHeaders(resp *policies.Response) {
	if a.phase != sent {
		return // Envoy answered before anything was sent
	}
	took := time.Since(a.sentAt)
	if resp.Local() {
		a.settleHedge(nil, took)
		return
	}
	a.record.headers = took
	a.settleHedge(resp, took)
	if !succeeded(resp.Status) || !a.answers() {
		return // errors come quickly, counts and embeddings too: they are no answers
	}
	l := a.labels()
	a.observe(a.x.metrics.providerHeaders.Of(l.backend, l.model), took)
	// Unless the first sending was answered, its time is at least as long.
	first := a.hedge.result == "" || a.hedge.result == hedgeLost
	a.x.times.Add(a.hedgeKey(), took, !first)
}

// measureContent measures the time until the first content, once.
func (a *attempt) measureContent() {
	if a.record.content > 0 || !a.answer.decoder.Content() {
		return
	}
	a.record.content = time.Since(a.sentAt)
	l := a.labels()
	a.observe(a.x.metrics.providerContent.Of(l.backend, l.model), a.record.content)
}

// measureNothing measures the time of an attempt that got no headers.
func (a *attempt) measureNothing() {
	if a.sentAt.IsZero() || a.record.headers > 0 {
		return
	}
	took := time.Since(a.sentAt)
	a.settleHedge(nil, took)
	if a.answers() {
		a.x.times.Add(a.hedgeKey(), took, true)
	}
}

// measureWait measures the time before the request was sent, or before the
// attempt ended unsent.
func (a *attempt) measureWait() {
	a.observe(a.x.metrics.wait.Of(a.labels().backend), a.record.waited)
}

// measureFirst measures the times until the client has the first bytes of its
// answer.
func (a *attempt) measureFirst() {
	m, took := a.x.metrics, a.elapsed()
	a.observe(m.firstByte.Of(a.dialect.Name()), took)
	if l := a.labels(); a.record.content > 0 || a.embeds() {
		a.observe(m.firstContent.Of(a.dialect.Name(), l.backend, l.model), took)
	}
}

// observe adds a time to a histogram, with the client's trace as exemplar if the
// trace is kept.
func (a *attempt) observe(of prometheus.Observer, took time.Duration) {
	if with, ok := of.(prometheus.ExemplarObserver); ok && a.trace.sampled {
		with.ObserveWithExemplar(took.Seconds(), prometheus.Labels{"trace_id": strings.Clone(a.trace.id)})
		return
	}
	of.Observe(took.Seconds())
}

// labels say where an attempt goes, for metrics: empty while nothing is chosen.
type labels struct{ backend, account, model string }

// labels are those of the attempt.
func (a *attempt) labels() (l labels) {
	n := a.x.Names()
	if a.backend != nil {
		if a.labelOf != a.model {
			a.labelOf, a.modelLabel = a.model, n.ModelLabel(a.model)
		}
		l.backend, l.model = n.BackendLabel(a.backend.Name), a.modelLabel
	}
	if a.account != nil {
		l.account = n.AccountLabel(a.account.ID)
	}
	return l
}
