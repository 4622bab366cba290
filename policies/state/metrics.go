package state

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// GuardMetrics are the metrics of the shared store; they outlive a reload. nil
// counts nothing.
type GuardMetrics struct {
	up      prometheus.Gauge
	seconds *prometheus.HistogramVec
	errors  *prometheus.CounterVec
	local   *prometheus.CounterVec
}

// NewGuardMetrics registers the metrics. The label op is a method of Store, in
// lower case.
func NewGuardMetrics(reg prometheus.Registerer) *GuardMetrics {
	m := &GuardMetrics{
		up: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "heald_state_up", Help: "1 while the shared store answers, 0 while this replica works without it."}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "heald_state_seconds", Help: "Time of calls to the shared store.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05}}, []string{"op"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "heald_state_errors_total", Help: "Calls to the shared store that failed or took too long."}, []string{"op"}),
		local: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "heald_state_local_decisions_total", Help: "Calls that this replica answered by itself because the shared store did not."}, []string{"op"}),
	}
	reg.MustRegister(m.up, m.seconds, m.errors, m.local)
	return m
}

func (m *GuardMetrics) setUp(up bool) {
	if m == nil {
		return
	}
	m.up.Set(0)
	if up {
		m.up.Set(1)
	}
}

func (m *GuardMetrics) observe(op string, took time.Duration) {
	if m != nil {
		m.seconds.WithLabelValues(op).Observe(took.Seconds())
	}
}

func (m *GuardMetrics) failed(op string) {
	if m != nil {
		m.errors.WithLabelValues(op).Inc()
	}
}

func (m *GuardMetrics) decided(op string) {
	if m != nil {
		m.local.WithLabelValues(op).Inc()
	}
}
