package exchange

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// counting gives the rig counters that can be read, and a signature cache.
func (r rig) counting(t *testing.T) (rig, func(name, label string) float64) {
	t.Helper()
	reg := prometheus.NewRegistry()
	r.metrics = NewMetrics(reg)
	r.signatures = NewSignatures(r.metrics)
	return r, func(name, label string) float64 {
		t.Helper()
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				if f.GetName() == name && m.GetLabel()[0].GetValue() == label {
					return m.GetCounter().GetValue()
				}
			}
		}
		return 0
	}
}
