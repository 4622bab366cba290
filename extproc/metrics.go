package extproc

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/heald-proxy/heald/policies"
)

// metrics are the package's own. Every label comes from a closed set.
type metrics struct {
	streams    *prometheus.CounterVec // end: policies.End
	active     prometheus.Gauge
	panics     prometheus.Counter
	breaches   *prometheus.CounterVec // kind: see breach.go
	immediates *prometheus.CounterVec // verdict: policies.Verdict
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		streams: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "heald_streams_total",
			Help: "Ended ext_proc streams (one per upstream try), by how they ended.",
		}, []string{"end"}),
		active: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "heald_streams_active",
			Help: "Open ext_proc streams.",
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "heald_panics_total",
			Help: "Panics that were caught; each broke one stream and nothing else.",
		}),
		breaches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "heald_protocol_errors_total",
			Help: "Streams that could not go on, by kind.",
		}, []string{"kind"}),
		immediates: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "heald_immediate_responses_total",
			Help: "Complete responses made by heald, by verdict.",
		}, []string{"verdict"}),
	}
	m.preset()
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.streams, m.active, m.panics, m.breaches, m.immediates} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// preset creates the label values at 0, so that a first error shows as an
// increase.
func (m *metrics) preset() {
	for _, e := range policies.Ends() {
		m.streams.WithLabelValues(e.String())
	}
	for _, k := range kinds {
		m.breaches.WithLabelValues(string(k))
	}
	for v := policies.Pass; v <= policies.Fail; v++ {
		m.immediates.WithLabelValues(v.String())
	}
}
