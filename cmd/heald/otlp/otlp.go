package otlp

import (
	"context"
	"errors"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/heald-proxy/heald/policies/record"
)

// Options say where spans go.
type Options struct {
	// Endpoint is the collector's URL, as in http://127.0.0.1:4318; without a
	// path it is completed by /v1/traces.
	Endpoint string
	// Headers are sent along, as for authentication.
	Headers map[string]string
	// Version is heald's, for the resource.
	Version string
}

// retryTime bounds how long the exporter repeats what a collector refuses for
// the moment. The queue bounds it further.
const retryTime = 5 * time.Second

// Sink sends spans. Its queue calls it from one goroutine.
type Sink struct {
	exporter *otlptrace.Exporter
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	ended    ended
}

// New makes a sink; the collector is not asked before the first record.
func New(ctx context.Context, o Options) (*Sink, error) {
	to, err := Endpoint(o.Endpoint)
	if err != nil {
		return nil, err
	}
	exporter, err := otlptracehttp.New(ctx,
		otlptracehttp.WithEndpointURL(to),
		otlptracehttp.WithHeaders(o.Headers),
		otlptracehttp.WithCompression(otlptracehttp.GzipCompression),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: true, InitialInterval: 500 * time.Millisecond, MaxInterval: 2 * time.Second, MaxElapsedTime: retryTime}))
	if err != nil {
		return nil, err
	}
	s := &Sink{exporter: exporter}
	s.provider = sdktrace.NewTracerProvider(
		sdktrace.WithSpanProcessor(&s.ended),
		sdktrace.WithIDGenerator(ids{}),
		sdktrace.WithSampler(sdktrace.AlwaysSample()), // Write leaves out what is not sampled
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "heald"), attribute.String("service.version", o.Version))),
	)
	s.tracer = s.provider.Tracer("github.com/heald-proxy/heald")
	return s, nil
}

// Endpoint completes a collector's URL.
func Endpoint(s string) (string, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "", errors.New("is no URL of a collector") // what stands there may hold a password
	case u.User != nil || u.RawQuery != "":
		return "", errors.New("has a login or a query, which is not sent")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	return u.String(), nil
}

// Write sends the records as spans, in one call.
func (s *Sink) Write(ctx context.Context, entries []record.Entry) error {
	s.ended.spans = s.ended.spans[:0]
	for _, e := range entries {
		if e.Attempt != nil {
			s.attempt(e.Attempt)
		} else {
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
	ctx, cancel := context.WithTimeout(context.Background(), time.Second) // nothing is left to send
	defer cancel()
	if err := s.provider.Shutdown(ctx); err != nil {
		return err
	}
	return s.exporter.Shutdown(ctx)
}

// span makes one span that has ended.
func (s *Sink) span(at identity, name string, kind trace.SpanKind, begin time.Time, lasted record.Duration, finish func(trace.Span), attributes []attribute.KeyValue) {
	_, span := s.tracer.Start(at.context(), name, trace.WithSpanKind(kind), trace.WithTimestamp(begin), trace.WithAttributes(attributes...))
	finish(span)
	span.End(trace.WithTimestamp(begin.Add(time.Duration(lasted))))
}

// ended collects spans for one call of the exporter. The provider's own batches
// would be a second queue, which drops without telling.
type ended struct{ spans []sdktrace.ReadOnlySpan }

func (*ended) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (e *ended) OnEnd(s sdktrace.ReadOnlySpan)                 { e.spans = append(e.spans, s) }
func (*ended) Shutdown(context.Context) error                  { return nil }
func (*ended) ForceFlush(context.Context) error                { return nil }
