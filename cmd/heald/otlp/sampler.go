package otlp

import (
	"strconv"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/redact"
)

// Sampler says which requests are sent: Envoy decides, and Root decides about
// requests without Envoy's decision. The zero value leaves the latter out.
type Sampler struct {
	// Alone says that Root decides about all, whatever Envoy says.
	Alone bool
	// Root decides by the trace's id; nil sends none.
	Root sdktrace.Sampler
}

// FollowsEnvoy reports whether only requests that Envoy samples are sent.
func (s Sampler) FollowsEnvoy() bool { return !s.Alone && s.Root == nil }

// samples reports whether the spans of a request are sent.
func (s Sampler) samples(o *record.Origin) bool {
	if !s.Alone && o.TraceID != "" && o.ParentSpan != "" {
		return o.Sampled
	}
	if s.Root == nil {
		return false
	}
	at := requestIdentity(o)
	return s.Root.ShouldSample(sdktrace.SamplingParameters{TraceID: at.trace}).Decision == sdktrace.RecordAndSample
}

// sampler is that of OTEL_TRACES_SAMPLER. Its default is parentbased_always_off
// (Envoy decides), not the standard's, which sends all requests without a
// decision.
func (e *environment) sampler() Sampler {
	name := e.get(envSampler)
	kind, based := strings.CutPrefix(name, "parentbased_")
	s := Sampler{Alone: !based}
	switch kind {
	case "always_on":
		s.Root = sdktrace.AlwaysSample()
	case "always_off":
	case "traceidratio":
		ratio := 1.0
		if arg := e.get(envSamplerArg); arg != "" {
			var err error
			if ratio, err = strconv.ParseFloat(arg, 64); err != nil || !(ratio >= 0 && ratio <= 1) {
				e.bad(where{path: envSamplerArg, fix: "write a number from 0 to 1"}, redact.Quote(arg)+" is no ratio")
			}
		}
		s.Root = sdktrace.TraceIDRatioBased(ratio)
	case "":
		return Sampler{}
	default:
		e.bad(where{path: envSampler, fix: "write parentbased_always_off, parentbased_always_on, parentbased_traceidratio, or one of them without parentbased_"},
			redact.Quote(name)+" is a sampler that heald does not have")
	}
	return s
}

// Sampled passes on to r what is sampled, so that nothing else waits in its queue.
func (s *Sink) Sampled(r record.Recorder) record.Recorder { return sampled{s.sampler, r} }

type sampled struct {
	by Sampler
	to record.Recorder
}

func (s sampled) Attempt(a record.Attempt) {
	if s.by.samples(&a.Origin) {
		s.to.Attempt(a)
	}
}

func (s sampled) Request(r record.Request) {
	if s.by.samples(&r.Origin) {
		s.to.Request(r)
	}
}
