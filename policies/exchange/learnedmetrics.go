package exchange

import (
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/state"
)

// LearnedMetrics collects which repairs are made without being asked for. Labels
// are configured names, and "other".
type LearnedMetrics struct {
	of      func() *Exchange
	repairs *prometheus.Desc
}

// NewLearnedMetrics makes a collector. of returns the current exchange, nil for
// none: a reload makes a new one, which has learned nothing.
func NewLearnedMetrics(of func() *Exchange) *LearnedMetrics {
	return &LearnedMetrics{of, prometheus.NewDesc("heald_learned_repairs",
		"Repairs that are made at once since the model has refused requests without them; of schemas, for how many.", []string{"backend", "model", "repair"}, nil)}
}

// Describe is that of prometheus.Collector.
func (m *LearnedMetrics) Describe(ch chan<- *prometheus.Desc) { ch <- m.repairs }

// Collect is that of prometheus.Collector.
func (m *LearnedMetrics) Collect(ch chan<- prometheus.Metric) {
	x := m.of()
	if x == nil {
		return
	}
	type labels struct{ backend, model, repair string }
	sums, names := map[labels]int{}, x.Names()
	for _, r := range x.learned.List() {
		sums[labels{names.BackendLabel(r.Backend), names.ModelLabel(r.Model), r.Repair.String()}] += r.Count
	}
	for l, n := range sums {
		ch <- prometheus.MustNewConstMetric(m.repairs, prometheus.GaugeValue, float64(n), l.backend, l.model, l.repair)
	}
}

// learnedWords are the log's words for the changes of a learned repair.
var learnedWords = map[state.LearnedResult]string{
	state.RepairLearned:   "repair learned: later requests are sent with it",
	state.RepairEnded:     "learned repair ended: the next request is sent without it",
	state.RepairUnlearned: "repair unlearned: the next request is sent without it",
}

// reportLearned counts and logs a change of what is learned.
func (x *Exchange) reportLearned(c state.LearnedChange) {
	x.metrics.learned.WithLabelValues(c.Repair.String(), string(c.Result)).Inc()
	x.log.Info(learnedWords[c.Result], zap.String("backend", c.Backend), zap.String("model", policies.Clean(c.Model)),
		zap.Stringer("repair", c.Repair), zap.String("why", c.Why))
}
