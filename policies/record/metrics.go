package record

import "github.com/prometheus/client_golang/prometheus"

// Metrics are the counters of all records of a process; they outlive a reload of
// the configuration.
type Metrics struct {
	dropped *prometheus.CounterVec
	tokens  *Series[prometheus.Counter]
	cost    *Series[prometheus.Counter]
	unknown *Series[prometheus.Counter]
}

// NewMetrics registers the counters.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		reg.MustRegister(v)
		return v
	}
	place := []string{"tenant", "backend", "account", "model"}
	return &Metrics{
		dropped: counter("heald_record_dropped_total", "Records that a sink could not take in time.", "sink"),
		tokens:  NewSeries(counter("heald_usage_tokens_total", "Tokens of all attempts as upstream counted them, by who used them where.", append(place, "kind")...)),
		cost:    NewSeries(counter("heald_usage_cost_total", "Cost of all attempts whose price is known, in the currency of the price list.", place...)),
		unknown: NewSeries(counter("heald_usage_unpriced_total", "Attempts with a usage whose price is not known.", place...)),
	}
}
