package exchange

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Metrics are the counters of all exchanges of a process; they outlive a
// reload of the configuration.
type Metrics struct {
	attempts *prometheus.CounterVec
	requests *prometheus.CounterVec
	repairs  *prometheus.CounterVec
	memory   *prometheus.CounterVec
	warnings *prometheus.CounterVec
	tokens   *prometheus.CounterVec
	peek     *prometheus.HistogramVec
	content  *prometheus.HistogramVec
}

// firstContent are the buckets for waits until a model says something.
var firstContent = []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300}

// NewMetrics registers the counters.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		reg.MustRegister(v)
		return v
	}
	histogram := func(name, help string, labels ...string) *prometheus.HistogramVec {
		v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: firstContent}, labels)
		reg.MustRegister(v)
		return v
	}
	return &Metrics{
		attempts: counter("heald_attempts_total", "Attempts, by what was decided about them and why.", "dialect", "verdict", "reason"),
		requests: counter("heald_requests_total", "Requests that ended, by how.", "dialect", "outcome"),
		repairs:  counter("heald_repairs_total", "Changes made to request bodies because upstream refused them.", "repair"),
		memory:   counter("heald_memory_total", "Memories of earlier attempts, by whether they could be read.", "result"),
		warnings: counter("heald_warnings_total", "Requests of which something was changed or left out.", "dialect"),
		tokens:   counter("heald_tokens_total", "Tokens of passed answers as upstream counted them.", "kind"),
		peek:     histogram("heald_peek_seconds", "Time from request sent to the verdict on its reply.", "verdict"),
		content:  histogram("heald_first_content_seconds", "Time from the request's first attempt to its first content.", "dialect"),
	}
}

func (m *Metrics) count(u conversation.Usage) {
	if !u.Known {
		return
	}
	m.tokens.WithLabelValues("input").Add(float64(u.Input - u.Cached))
	m.tokens.WithLabelValues("cached").Add(float64(u.Cached))
	m.tokens.WithLabelValues("output").Add(float64(u.Output - u.Thoughts))
	m.tokens.WithLabelValues("thoughts").Add(float64(u.Thoughts))
}
