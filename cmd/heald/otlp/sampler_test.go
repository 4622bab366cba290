package otlp

import (
	"strconv"
	"testing"

	"github.com/heald-proxy/heald/policies/record"
)

type counted struct{ attempts, requests int }

func (c *counted) Attempt(record.Attempt) { c.attempts++ }
func (c *counted) Request(record.Request) { c.requests++ }

// Envoy decides, unless a variable says otherwise. A request and its attempts are
// decided about alike, at any replica.
func TestSampler(t *testing.T) {
	yes, no := sampledOrigin, sampledOrigin
	no.Sampled = false
	own := record.Origin{RequestID: "abc"} // of which Envoy has no trace
	broken := record.Origin{RequestID: "abc", TraceID: "0af7651916cd43dd8448eb211c80319c", Sampled: true}
	for _, c := range []struct {
		name, arg                 string
		yes, no, own, brokenTrace bool
	}{
		{"", "", true, false, false, false},
		{"parentbased_always_off", "", true, false, false, false},
		{"parentbased_always_on", "", true, false, true, true},
		{"parentbased_traceidratio", "0", true, false, false, false},
		{"parentbased_traceidratio", "1", true, false, true, true},
		{"always_on", "", true, true, true, true},
		{"always_off", "", false, false, false, false},
		{"traceidratio", "", true, true, true, true},
	} {
		e := environment{get: environ(map[string]string{"OTEL_TRACES_SAMPLER": c.name, "OTEL_TRACES_SAMPLER_ARG": c.arg})}
		s := e.sampler()
		for _, one := range []struct {
			o    record.Origin
			want bool
		}{{yes, c.yes}, {no, c.no}, {own, c.own}, {broken, c.brokenTrace}} {
			to := &counted{}
			by := sampled{s, to}
			by.Attempt(record.Attempt{Origin: one.o})
			by.Request(record.Request{Origin: one.o})
			if (to.attempts == 1) != one.want || (to.requests == 1) != one.want {
				t.Errorf("%s %s: %+v is sampled: %+v", c.name, c.arg, one.o, to)
			}
		}
	}
	e := environment{get: environ(map[string]string{"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"})}
	s, n := e.sampler(), 0
	for i := range 10000 {
		if s.samples(&record.Origin{RequestID: strconv.Itoa(i)}) {
			n++
		}
	}
	if n < 800 || n > 1200 {
		t.Errorf("%d of 10000 are a tenth", n)
	}
}
