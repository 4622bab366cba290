package top

import (
	"bytes"
	"fmt"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Sample is what the metrics say at one time.
type Sample struct {
	At time.Time
	// Requests are those that ended, by outcome, Attempts likewise by verdict, and
	// Tokens by kind, since the start of the process.
	Requests, Attempts, Tokens map[string]float64
	// InFlight are requests under way; -1 if unknown.
	InFlight float64
}

// Read takes a sample from the text of /metrics.
func Read(text []byte, at time.Time) (*Sample, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("the answer at /metrics is not in the metrics format: %w", err)
	}
	s := &Sample{
		At:       at,
		Requests: by(families["heald_requests_total"], "outcome"),
		Attempts: by(families["heald_attempts_total"], "verdict"),
		Tokens:   by(families["heald_usage_tokens_total"], "kind"),
		InFlight: -1,
	}
	if f := families["heald_in_flight"]; f != nil {
		s.InFlight = 0
		for _, n := range by(f, "") {
			s.InFlight += n
		}
	}
	return s, nil
}

// by sums a metric by a label, whatever its others are.
func by(family *dto.MetricFamily, label string) map[string]float64 {
	out := map[string]float64{}
	for _, m := range family.GetMetric() {
		value := ""
		for _, pair := range m.GetLabel() {
			if pair.GetName() == label {
				value = pair.GetValue()
			}
		}
		out[value] += m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
	}
	return out
}

// rate is how much a counter has grown per second. A counter that is smaller than
// before has been reset.
func rate(before, now float64, seconds float64) float64 {
	if now < before {
		before = 0
	}
	return (now - before) / seconds
}
