package exchange

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/state"
)

// Metrics are the counters of all exchanges of a process; they outlive a
// reload of the configuration.
type Metrics struct {
	attempts  *record.Series[prometheus.Counter]
	requests  *record.Series[prometheus.Counter]
	tenants   *record.Series[prometheus.Counter]
	repairs   *prometheus.CounterVec
	failovers *prometheus.CounterVec
	memory    *prometheus.CounterVec
	warnings  *prometheus.CounterVec
	tokens    *record.Series[prometheus.Counter]
	local     *prometheus.CounterVec
	resumes   *prometheus.CounterVec
	hedges    *prometheus.CounterVec
	inFlight  *record.Series[prometheus.Gauge]

	firstByte       *record.Series[prometheus.Observer]
	firstContent    *record.Series[prometheus.Observer]
	held            *record.Series[prometheus.Observer]
	wait            *record.Series[prometheus.Observer]
	providerHeaders *record.Series[prometheus.Observer]
	providerContent *record.Series[prometheus.Observer]

	signatures *prometheus.CounterVec
	learned    *prometheus.CounterVec
}

// buckets are for waits until a model's first output, in seconds.
var buckets = []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300}

// NewMetrics registers the counters.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		reg.MustRegister(v)
		return v
	}
	histogram := func(name, help string, labels ...string) *prometheus.HistogramVec {
		v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
		reg.MustRegister(v)
		return v
	}
	inFlight := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "heald_in_flight",
		Help: "Attempts under way at this replica; a request has one at a time."}, []string{"api"})
	reg.MustRegister(inFlight)
	m := &Metrics{
		attempts:  record.NewSeries(counter("heald_attempts_total", "Attempts, by where they went, what was decided about them and why; backend, account and model are empty where nobody was chosen.", "api", "backend", "account", "model", "verdict", "reason")),
		requests:  record.NewSeries(counter("heald_requests_total", "Requests that ended, by whose they were, who answered or was asked last, and how; tenant is empty where the key is of nobody.", "api", "tenant", "model", "outcome")),
		tenants:   record.NewSeries(counter("heald_tenant_requests_total", "Requests that ended, by whose they were and how; tenant is empty where the key is of nobody.", "tenant", "outcome")),
		repairs:   counter("heald_repairs_total", "Changes made to request bodies because upstream refused them.", "repair"),
		failovers: counter("heald_failovers_total", "Moves to another backend, model or service tier, by what was left behind and why.", "left", "reason"),
		memory:    counter("heald_memory_total", "Memories of earlier attempts, by whether they could be read.", "result"),
		warnings:  counter("heald_warnings_total", "Requests of which something was changed or left out.", "api"),
		tokens:    record.NewSeries(counter("heald_tokens_total", "Tokens of passed answers, and of documents whose rest was asked for in vain, as upstream counted them.", "kind")),
		local:     counter("heald_local_answers_total", "Requests that were answered without upstream because a policy says so, by what they were.", "kind"),
		resumes:   counter("heald_resumes_total", "Answers that broke off and whose rest was fetched, by what came of it.", "result"),
		hedges:    counter("heald_hedges_total", "First attempts under a policy with hedge, by what came of sending them twice.", "result"),
		inFlight:  record.NewSeries(inFlight),

		firstByte:       record.NewSeries(histogram("heald_request_first_byte_seconds", "Time from the request's first attempt to the first byte of its answer for the client.", "api")),
		firstContent:    record.NewSeries(histogram("heald_first_content_seconds", "Time from the request's first attempt to the first content of its answer for the client.", "api", "backend", "model")),
		held:            record.NewSeries(histogram("heald_held_seconds", "Time from request sent to the verdict on its reply.", "backend", "verdict")),
		wait:            record.NewSeries(histogram("heald_wait_seconds", "Time that an attempt waited before its request was sent: for an account, and until it was due; backend is empty where it was not sent.", "backend")),
		providerHeaders: record.NewSeries(histogram("heald_provider_headers_seconds", "Time from request sent to the headers of a provider's answer.", "backend", "model")),
		providerContent: record.NewSeries(histogram("heald_provider_content_seconds", "Time from request sent to the first content of a provider's answer.", "backend", "model")),

		signatures: counter("heald_signature_cache_total", "Signatures of conversations whose client loses carriers, by what became of them.", "result"),
		learned:    counter("heald_learned_total", "Repairs that were learned since a model refuses requests without them, and that ended.", "repair", "result"),
	}
	for _, result := range heal.SignatureResults {
		m.signatures.WithLabelValues(result) // shows that there were none
	}
	for _, repair := range state.LearnedRepairs {
		for _, result := range state.LearnedResults {
			m.learned.WithLabelValues(repair.String(), string(result))
		}
	}
	for _, result := range hedgeResults {
		m.hedges.WithLabelValues(result)
	}
	return m
}

// NewSignatures makes the signature cache of a process, which outlives a reload
// of the configuration as the counters do.
func NewSignatures(m *Metrics) *heal.Signatures {
	return heal.NewSignatures(heal.DefaultSignatures, heal.DefaultSignatureBytes, func(result string) {
		m.signatures.WithLabelValues(result).Inc()
	})
}

func (m *Metrics) count(u conversation.Usage) {
	if !u.Known {
		return
	}
	m.tokens.Of("input").Add(float64(u.Input - u.Cached))
	m.tokens.Of("cached").Add(float64(u.Cached))
	m.tokens.Of("output").Add(float64(u.Output - u.Thoughts))
	m.tokens.Of("thoughts").Add(float64(u.Thoughts))
}
