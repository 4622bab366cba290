package otlp

import (
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/record"
)

// What asked for nothing of a model is not called a call of one.
func TestNamesOfSpans(t *testing.T) {
	for _, c := range []struct {
		origin              record.Origin
		model, reason, want string
	}{
		{record.Origin{Operation: record.Generate}, "m", "ok", "generate_content m"},
		{record.Origin{Operation: record.List}, "", "model_list", "list_models"},
		{record.Origin{API: "chat"}, "", "preflight", "preflight"},
		{record.Origin{API: "chat"}, "", "", "chat"},
		{record.Origin{}, "m", "", "request"},
	} {
		if got := name(&c.origin, c.model, c.reason); got != c.want {
			t.Errorf("%+v: %s, want %s", c.origin, got, c.want)
		}
		var l attributes
		l.origin(&c.origin)
		for _, kv := range l {
			if kv.Key == operationName && c.origin.Operation == "" {
				t.Errorf("%+v is %v", c.origin, kv)
			}
		}
	}
}

// Microseconds for a free slot are no wait.
func TestWaitsCountFromAMillisecond(t *testing.T) {
	for wait, want := range map[time.Duration]int{200 * time.Microsecond: 0, time.Millisecond: 1} {
		if got := events(&record.Attempt{Waited: record.Duration(wait), Duration: record.Duration(time.Second)}); len(got) != want {
			t.Errorf("%v: %d events", wait, len(got))
		}
	}
}
