package otlp

import (
	"context"
	"os"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/heald-proxy/heald/policies/record"
)

// Sink sends spans. Its queue calls it from one goroutine.
type Sink struct {
	exporter *otlptrace.Exporter
	close    func() // the exporter's connections
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	sampler  Sampler
	ended    ended
}

// quiet keeps the SDK from writing its own lines to standard error: Resolve
// reports wrong settings, and the result of an export is returned.
var quiet = sync.OnceFunc(func() { otel.SetLogger(logr.Discard()) })

// New makes a sink; the collector is not asked before the first record.
func New(ctx context.Context, o *Options) (*Sink, error) {
	quiet()
	exporter, closeAll, err := newExporter(ctx, o)
	if err != nil {
		return nil, err
	}
	s := &Sink{exporter: exporter, close: closeAll, sampler: o.Sampler}
	s.provider = sdktrace.NewTracerProvider(
		sdktrace.WithSpanProcessor(&s.ended),
		sdktrace.WithIDGenerator(ids{}),
		sdktrace.WithSampler(sdktrace.AlwaysSample()), // Write leaves out what is not sampled
		sdktrace.WithResource(newResource(ctx, o.Version)),
	)
	s.tracer = s.provider.Tracer("github.com/heald-proxy/heald", trace.WithInstrumentationVersion(o.Version))
	return s, nil
}

// newResource describes the service that sends the spans.
// OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME win over heald's own values.
func newResource(ctx context.Context, version string) *resource.Resource {
	own := []attribute.KeyValue{attribute.String("service.name", "heald"), attribute.String("service.version", version)}
	if host, err := os.Hostname(); err == nil {
		own = append(own, attribute.String("host.name", host))
	}
	said, _ := resource.New(ctx, resource.WithFromEnv(), resource.WithTelemetrySDK()) // Resolve has checked it
	all, err := resource.Merge(resource.NewSchemaless(own...), said)
	if err != nil {
		return resource.NewSchemaless(own...)
	}
	return all
}

// Write sends the records as spans, in one call.
func (s *Sink) Write(ctx context.Context, entries []record.Entry) error {
	s.ended.spans = s.ended.spans[:0]
	for _, e := range entries {
		switch {
		case e.Attempt != nil && s.sampler.samples(&e.Attempt.Origin):
			s.attempt(e.Attempt)
		case e.Request != nil && s.sampler.samples(&e.Request.Origin):
			s.request(e.Request)
		}
	}
	if len(s.ended.spans) == 0 {
		return nil
	}
	defer clear(s.ended.spans)
	return s.exporter.ExportSpans(ctx, s.ended.spans)
}

// Close ends the exporter.
func (s *Sink) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second) // it holds no spans
	defer cancel()
	if err := s.provider.Shutdown(ctx); err != nil {
		return err
	}
	return shutdown(s.exporter, s.close)
}

// span makes one span that has ended.
func (s *Sink) span(at identity, name string, kind trace.SpanKind, begin time.Time, lasted record.Duration, finish func(trace.Span), attributes []attribute.KeyValue) {
	_, span := s.tracer.Start(at.context(), valid(name), trace.WithSpanKind(kind), trace.WithTimestamp(begin), trace.WithAttributes(attributes...))
	finish(span)
	span.End(trace.WithTimestamp(begin.Add(time.Duration(lasted))))
}

// ended collects spans for one call of the exporter. The provider's own batches
// would be a second queue, which drops spans silently.
type ended struct{ spans []sdktrace.ReadOnlySpan }

func (*ended) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (e *ended) OnEnd(s sdktrace.ReadOnlySpan)                 { e.spans = append(e.spans, s) }
func (*ended) Shutdown(context.Context) error                  { return nil }
func (*ended) ForceFlush(context.Context) error                { return nil }
