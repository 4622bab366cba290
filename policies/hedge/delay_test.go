package hedge

import (
	"strings"
	"testing"
	"time"
)

func TestParseDelay(t *testing.T) {
	for in, want := range map[string]Delay{
		"off": {}, "2s": {Fixed: 2 * time.Second}, "50ms": {Fixed: Shortest}, "1m30s": {Fixed: 90 * time.Second},
		"p50": {Percentile: 50}, "p90": {Percentile: 90}, "p99": {Percentile: 99},
	} {
		if got, err := ParseDelay(in); err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		"": "neither", "on": "neither", "2": "neither", "p": "neither", "p9x": "neither", "P90": "neither", " p90": "neither", "p1000": "neither",
		"p49": "between p50 and p99", "p100": "between", "p0": "between", "p9": "between",
		"49ms": "every request", "0s": "every request", "-2s": "every request",
	} {
		if got, err := ParseDelay(in); err == nil || !strings.Contains(err.Error(), want) || got != (Delay{}) {
			t.Errorf("%q: got %+v, %v, want an error with %q", in, got, err, want)
		}
	}
}
