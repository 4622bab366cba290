package exchange

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heald-proxy/heald/policies"
)

// Two times are measured of every attempt: until the provider's headers, and
// until its first content. Where the headers come at once and the content late,
// sending an attempt twice gains nothing: Envoy chooses by headers.

// measureHeaders takes the time of the response's headers.
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
	a.x.metrics.observe(a.x.metrics.providerHeaders, a.backend.Name, a.model, took)
	// Unless the first sending was answered, its time is at least as long.
	first := a.hedge.result == "" || a.hedge.result == hedgeLost
	a.x.times.Add(a.hedgeKey(), took, !first)
}

// measureContent takes the time of the first content, once.
func (a *attempt) measureContent() {
	if a.record.content > 0 || !a.answer.decoder.Content() {
		return
	}
	a.record.content = time.Since(a.sentAt)
	a.x.metrics.observe(a.x.metrics.providerContent, a.backend.Name, a.model, a.record.content)
}

// measureNothing takes the time of an attempt that got no headers.
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

func (m *Metrics) observe(of *prometheus.HistogramVec, backend, model string, took time.Duration) {
	of.WithLabelValues(backend, m.models.of(backend, model)).Observe(took.Seconds())
}

// otherModel is the label of models that have none of their own.
const otherModel = "other"

// modelLabelsLimit bounds the models that have a label of their own: their
// names come from clients.
const modelLabelsLimit = 100

// modelLabels are the models that metrics name: the first that gave an answer.
type modelLabels struct {
	mu    sync.Mutex
	known map[[2]string]bool // backend and model
}

// of is the label of a model that has answered.
func (l *modelLabels) of(backend, model string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := [2]string{backend, model}
	switch {
	case l.known[k]:
		return policies.Clean(model)
	case len(l.known) >= modelLabelsLimit:
		return otherModel
	case l.known == nil:
		l.known = map[[2]string]bool{}
	}
	l.known[k] = true
	return policies.Clean(model)
}
