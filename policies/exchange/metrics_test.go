package exchange

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heald-proxy/heald/policies"
)

// sample is one series: its labels, a gauge's value, and of a histogram the count
// and an example.
type sample struct {
	labels    string
	gauge     float64
	histogram bool
	count     uint64
	example   string
}

// samples are the series of an exchange, by the metric's name.
func samples(t *testing.T, reg *prometheus.Registry) map[string][]sample {
	t.Helper()
	all, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]sample{}
	for _, f := range all {
		for _, m := range f.GetMetric() {
			s := sample{gauge: m.GetGauge().GetValue(), histogram: m.GetHistogram() != nil, count: m.GetHistogram().GetSampleCount()}
			for _, l := range m.GetLabel() {
				s.labels += l.GetName() + "=" + l.GetValue() + " "
			}
			for _, b := range m.GetHistogram().GetBucket() {
				if e := b.GetExemplar(); e != nil {
					s.example = e.GetLabel()[0].GetValue()
				}
			}
			out[f.GetName()] = append(out[f.GetName()], s)
		}
	}
	return out
}

// Metrics say where an attempt went and whose request it was, and have the trace
// as an example where the client's is sampled.
func TestMetricsOfAnAttempt(t *testing.T) {
	for _, c := range []struct {
		name, trace string
		example     string
	}{
		{"sampled", traceparent, "0af7651916cd43dd8448eb211c80319c"},
		{"not sampled", traceparent[:len(traceparent)-1] + "0", ""},
		{"no trace", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, nil)
			reg := prometheus.NewRegistry()
			r.metrics = NewMetrics(reg)
			a := r.begin(1, "", "traceparent", c.trace)
			send(t, a, ask)
			if got := samples(t, reg)["heald_in_flight"]; len(got) != 1 || got[0].gauge != 1 {
				t.Errorf("in flight: %v", got)
			}
			answerWith(a, 200, hello+stop)
			all := samples(t, reg)
			if got := all["heald_in_flight"]; got[0].gauge != 0 {
				t.Errorf("still in flight: %v", got)
			}
			for name, want := range map[string]string{
				"heald_attempts_total":             "account=a-1 api=claude backend=a model=gemini-3.5-flash reason=ok verdict=pass ",
				"heald_requests_total":             "api=claude model=gemini-3.5-flash outcome=passed tenant=default ",
				"heald_request_first_byte_seconds": "api=claude ",
				"heald_first_content_seconds":      "api=claude backend=a model=gemini-3.5-flash ",
				"heald_held_seconds":               "backend=a verdict=pass ",
				"heald_wait_seconds":               "backend=a ",
				"heald_provider_headers_seconds":   "backend=a model=gemini-3.5-flash ",
				"heald_provider_content_seconds":   "backend=a model=gemini-3.5-flash ",
			} {
				got := all[name]
				switch {
				case len(got) != 1 || got[0].labels != want:
					t.Errorf("%s: %v, want one with %s", name, got, want)
				case got[0].histogram && (got[0].count != 1 || got[0].example != c.example):
					t.Errorf("%s: %+v, want example %q", name, got, c.example)
				}
			}
		})
	}
}

// Attempts are no longer in flight however they end.
func TestInFlightEnds(t *testing.T) {
	r := newRig(t, nil)
	reg := prometheus.NewRegistry()
	r.metrics = NewMetrics(reg)
	for _, end := range policies.Ends() {
		early := r.begin(1, "")
		early.Close(end) // before it says what it wants
		a := r.begin(1, "")
		a.RequestHeaders()
		a.Close(end)
		b := r.begin(1, "")
		send(t, b, ask)
		b.Close(end)
	}
	for _, m := range samples(t, reg)["heald_in_flight"] {
		if m.gauge != 0 {
			t.Errorf("%v", m)
		}
	}
}
