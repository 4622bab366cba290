package admin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// Scrapers that ask for OpenMetrics get exemplars with trace ids, others the
// plain text format.
func TestExemplars(t *testing.T) {
	reg := prometheus.NewRegistry()
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "heald_test_seconds", Help: "x", Buckets: []float64{1}})
	reg.MustRegister(h)
	h.(prometheus.ExemplarObserver).ObserveWithExemplar(0.5, prometheus.Labels{"trace_id": "0af7651916cd43dd8448eb211c80319c"})
	handler := New(Options{Registry: reg}).http.Handler
	for accept, want := range map[string]bool{"application/openmetrics-text; version=1.0.0": true, "text/plain": false, "": false} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody)
		r.Header.Set("accept", accept)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if got := strings.Contains(w.Body.String(), `# {trace_id="0af7651916cd43dd8448eb211c80319c"}`); got != want || !strings.Contains(w.Body.String(), `heald_test_seconds_bucket{le="1`) {
			t.Errorf("accept %q: %s", accept, w.Body)
		}
	}
}
