package config

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics show whether the running configuration is that of the files.
type Metrics struct {
	success prometheus.Gauge
	loaded  prometheus.Gauge
	reloads *prometheus.CounterVec
}

// NewMetrics registers them.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		success: prometheus.NewGauge(prometheus.GaugeOpts{Name: "heald_configuration_last_reload_successful",
			Help: "1 if the files are what runs, 0 if they were changed and refused."}),
		loaded: prometheus.NewGauge(prometheus.GaugeOpts{Name: "heald_configuration_loaded_timestamp_seconds",
			Help: "When the running configuration was loaded, as Unix time."}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "heald_config_reloads_total",
			Help: "Changes of the files, by result: loaded or refused."}, []string{"result"}),
	}
	for _, result := range []string{"loaded", "refused"} {
		m.reloads.WithLabelValues(result)
	}
	reg.MustRegister(m.success, m.loaded, m.reloads)
	return m
}

// Started notes the configuration that heald has started with.
func (m *Metrics) Started(at time.Time) {
	m.success.Set(1)
	m.loaded.Set(float64(at.UnixMilli()) / 1e3)
}

// Loaded notes that changed files were taken.
func (m *Metrics) Loaded(at time.Time) {
	m.Started(at)
	m.reloads.WithLabelValues("loaded").Inc()
}

// Refused notes that changed files were not taken.
func (m *Metrics) Refused() {
	m.success.Set(0)
	m.reloads.WithLabelValues("refused").Inc()
}

// Restored notes that refused files were changed back to those that run.
func (m *Metrics) Restored() { m.success.Set(1) }
