package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"

	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/otlpreceiver"
	"github.com/heald-proxy/heald/test/stack"
)

const (
	clientTrace = "0af7651916cd43dd8448eb211c80319c"
	clientSpan  = "b7ad6b7169203331"
)

// traced asks with a traceparent.
func traced(t *testing.T, s *stack.Stack, trace, flags string) {
	t.Helper()
	req, err := http.NewRequestWithContext(patient(t), http.MethodPost, s.URL+messages, strings.NewReader(streamed))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("content-type", "application/json")
	req.Header.Set("traceparent", "00-"+trace+"-"+clientSpan+"-"+flags)
	req.Header.Set("tracestate", "vendor=1")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(body), "message_stop") {
		t.Fatalf("%d, %v: %s", resp.StatusCode, err, body)
	}
}

// tree is what is below the client's span.
type tree struct {
	outer    otlpreceiver.Span   // Envoy's, of the request
	request  otlpreceiver.Span   // heald's
	attempts []otlpreceiver.Span // heald's, in order
	inner    []otlpreceiver.Span // Envoy's, one below each attempt
}

// treeOf finds a tree of so many attempts.
func treeOf(spans []otlpreceiver.Span, trace string, attempts int) (*tree, error) {
	of := func(service, parent string) (out []otlpreceiver.Span) {
		for _, s := range spans {
			if s.Trace == trace && s.Service == service && s.Parent == parent && !strings.HasPrefix(s.Name, "async ") {
				out = append(out, s)
			}
		}
		slices.SortFunc(out, func(a, b otlpreceiver.Span) int { return a.Begin.Compare(b.Begin) })
		return out
	}
	t := &tree{}
	outer := of("envoy", clientSpan)
	if len(outer) != 1 {
		return nil, fmt.Errorf("%d spans of Envoy's below the client's", len(outer))
	}
	t.outer = outer[0]
	requests := of("heald", t.outer.ID)
	if len(requests) != 1 {
		return nil, fmt.Errorf("%d spans of heald's below Envoy's", len(requests))
	}
	t.request = requests[0]
	if t.attempts = of("heald", t.request.ID); len(t.attempts) != attempts {
		return nil, fmt.Errorf("%d attempts", len(t.attempts))
	}
	for _, a := range t.attempts {
		below := of("envoy", a.ID)
		if len(below) != 1 {
			return nil, fmt.Errorf("%d spans of Envoy's below an attempt", len(below))
		}
		t.inner = append(t.inner, below[0])
	}
	return t, nil
}

func eventsOf(s otlpreceiver.Span) (names []string) {
	for _, e := range s.Events {
		names = append(names, e.Name)
	}
	return names
}

// A healed request is one tree, from the client to the provider, however many
// replicas had a part in it: Envoy's span, heald's of the request, one of each
// attempt, and Envoy's to the provider below each.
func TestTraceOfAHealedRequest(t *testing.T) {
	for _, protocol := range []string{"grpc", "http/protobuf"} {
		t.Run(protocol, func(t *testing.T) {
			everyEnvoy(t, func(t *testing.T, version string) {
				r := otlpreceiver.Start(t, otlpreceiver.Options{})
				heald, envoy := "http://"+r.HTTP, "http://"+r.HTTP
				if protocol == "grpc" {
					heald, envoy = "http://"+r.GRPC, r.GRPC
				}
				s := stack.Start(t, stack.Options{
					Envoy: version, Replicas: 2, Keys: []string{"key-1", "key-2"},
					Config: fmt.Sprintf("record: {otlp: {endpoint: %q, protocol: %s}}\n", heald, protocol),
					Params: func(p *bootstrap.Params) { p.OTLP, p.Sampling = envoy, 100 },
				})
				s.Fake().Enqueue(fakegemini.EmptyOK())
				traced(t, s, clientTrace, "01")
				var got *tree
				_, err := r.Wait(patient(t), func(spans []otlpreceiver.Span) bool {
					var err error
					got, err = treeOf(spans, clientTrace, 2)
					return err == nil
				})
				if err != nil {
					_, why := treeOf(r.Spans(), clientTrace, 2)
					t.Fatalf("%v: %+v", why, r.Spans())
				}
				if got.request.Name != "generate_content gemini-3.5-flash" || got.request.Error || got.request.State != "vendor=1" || got.request.Attributes["heald.attempts"] != int64(2) {
					t.Errorf("the request: %+v", got.request)
				}
				first, second := got.attempts[0], got.attempts[1]
				if !first.Error || first.Attributes["heald.verdict"] != "retry" || first.Attributes["heald.account"] == second.Attributes["heald.account"] || second.Error ||
					second.Attributes["gen_ai.provider.name"] != "gcp.gemini" || second.Attributes["gen_ai.usage.output_tokens"] == nil {
					t.Errorf("the attempts: %+v, %+v", first, second)
				}
				if !slices.Contains(eventsOf(first), "heald.peek") || !slices.Contains(eventsOf(second), "heald.failover") || !slices.Contains(eventsOf(second), "heald.first_content") {
					t.Errorf("events %v, %v", eventsOf(first), eventsOf(second))
				}
				for _, a := range got.attempts {
					for _, e := range a.Events {
						if e.Time.Before(a.Begin) || e.Time.After(a.End) {
							t.Errorf("%s at %v, in an attempt from %v to %v", e.Name, e.Time, a.Begin, a.End)
						}
					}
				}
				if second.Begin.Before(first.End.Add(-50*time.Millisecond)) || got.outer.Begin.After(first.Begin) {
					t.Errorf("the first attempt ended at %v, the second began at %v", first.End, second.Begin)
				}
				for i, s := range got.inner {
					if s.Attributes["upstream_cluster"] != "a" {
						t.Errorf("below attempt %d: %+v", i+1, s)
					}
				}
				for _, call := range s.Fake().Requests() {
					for name := range call.Header {
						if !slices.Contains(upstreamHeaders, name) {
							t.Errorf("the provider sees %s", name)
						}
					}
				}
			})
		})
	}
}

// Nothing is sent of a trace that is not sampled.
func TestTraceThatIsNotSampled(t *testing.T) {
	r := otlpreceiver.Start(t, otlpreceiver.Options{})
	const other = "1bf7651916cd43dd8448eb211c80319d"
	s := stack.Start(t, stack.Options{
		Config: fmt.Sprintf("record: {otlp: {endpoint: %q, protocol: grpc}}\n", "http://"+r.GRPC),
		Params: func(p *bootstrap.Params) { p.OTLP, p.Sampling = r.GRPC, 100 },
	})
	traced(t, s, other, "00")
	traced(t, s, clientTrace, "01") // whose spans come after the other's would have
	if _, err := r.Wait(patient(t), func(spans []otlpreceiver.Span) bool { _, err := treeOf(spans, clientTrace, 1); return err == nil }); err != nil {
		t.Fatalf("%+v", r.Spans())
	}
	for _, span := range r.Spans() {
		if span.Trace == other {
			t.Errorf("%+v", span)
		}
	}
}

func hangs(until chan struct{}) func(context.Context) (*collector.ExportTraceServiceResponse, error) {
	return func(ctx context.Context) (*collector.ExportTraceServiceResponse, error) {
		select {
		case <-until:
		case <-ctx.Done():
		}
		return nil, context.Canceled
	}
}

// A collector that hangs costs spans, which are counted, and no request.
func TestCollectorThatHangs(t *testing.T) {
	release := make(chan struct{})
	r := otlpreceiver.Start(t, otlpreceiver.Options{Answer: hangs(release)})
	s := stack.Start(t, stack.Options{
		Config: fmt.Sprintf("record: {otlp: {endpoint: %q, protocol: grpc, timeout: 200ms}}\n", "http://"+r.GRPC),
		Params: func(p *bootstrap.Params) { p.OTLP, p.Sampling = r.GRPC, 100 },
	})
	defer close(release)
	for range 20 {
		traced(t, s, clientTrace, "01")
	}
	eventually(t, "what is lost is counted", func() bool { return s.Replicas[0].Metric("heald_record_dropped_total", `sink="otlp"`) > 0 })
	s.Settle()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s.Replicas[0].Terminate()
	select {
	case <-s.Replicas[0].Done():
	case <-ctx.Done():
		t.Error("the end hangs")
	}
}
