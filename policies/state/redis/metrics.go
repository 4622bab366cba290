package redis

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics count settlements that did not arrive for certain; they outlive a
// reload.
type Metrics struct{ dropped, lost prometheus.Counter }

// NewMetrics registers the counters.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "heald_state_settlements_dropped_total", Help: "Ends of attempts that the shared store was not told of because too many waited."}),
		lost: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "heald_state_settlements_lost_total", Help: "Ends of attempts, and corrections before them, of which nobody knows whether the shared store was told."}),
	}
	reg.MustRegister(m.dropped, m.lost)
	return m
}

// tally is a store's own count, and its part of a process's counter.
type tally struct {
	atomic.Int64
	counter prometheus.Counter // nil is none
}

func (t *tally) add() {
	t.Add(1)
	if t.counter != nil {
		t.counter.Inc()
	}
}
