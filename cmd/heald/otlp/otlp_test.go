package otlp

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/goleak"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/test/otlpreceiver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// protocols are those that the receiver speaks.
var protocols = []string{GRPC, HTTP}

// at is a receiver's URL for a protocol.
func at(r *otlpreceiver.Receiver, scheme, protocol string) string {
	if protocol == GRPC {
		return scheme + "://" + r.GRPC
	}
	return scheme + "://" + r.HTTP
}

// newSink makes a sink by what heald.yaml and the environment say; it is closed at
// the test's end.
func newSink(t *testing.T, file *Settings, vars map[string]string) *Sink {
	t.Helper()
	o, err := Resolve(file, environ(vars))
	if err != nil {
		t.Fatal(err)
	}
	o.Version = "1"
	s, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func environ(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

var began = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func TestSpans(t *testing.T) {
	for _, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) { testSpans(t, protocol) })
	}
}

func testSpans(t *testing.T, protocol string) {
	r := otlpreceiver.Start(t, otlpreceiver.Options{})
	file := &Settings{Endpoint: at(r, "http", protocol), Protocol: protocol, Headers: map[string]string{"Authorization": "Bearer x"}}
	s := newSink(t, file, nil)
	cost := int64(77)
	origin := record.Origin{Time: began, RequestID: "abc", Tenant: "team", KeyID: "k1", API: "chat", Path: "/v1/chat/completions", Operation: record.Generate,
		TraceID: "0af7651916cd43dd8448eb211c80319c", ParentSpan: "b7ad6b7169203331", Sampled: true, TraceState: "vendor=1"}
	first := record.Attempt{Origin: origin, Number: 1, Backend: "studio", Kind: "ai_studio", Account: "studio-1", Model: "gemini-2.5-pro",
		Verdict: "retry", Reason: "upstream_error", Status: 503, Asked: true, Duration: record.Duration(time.Second), Error: "the model is overloaded"}
	second := record.Attempt{Origin: origin, Number: 2, Backend: "eu", Kind: "vertex", Account: "eu-1", Group: "vertex/eu/p", Model: "gemini-2.5-pro",
		TierAsked: "flex", TierServed: "flex", Verdict: "pass", Status: 200, Asked: true, Usage: &record.Usage{Input: 10, Cached: 4, Output: 6, Thinking: 2},
		Cost: &cost, PriceVersion: "2026-11-29", Content: record.Duration(500 * time.Millisecond), Waited: record.Duration(time.Second), Duration: record.Duration(2 * time.Second)}
	second.Time, second.Span.ID = began.Add(time.Second), "00f067aa0ba902b7"
	req := record.Request{Origin: origin, Alias: "claude", Model: "gemini-2.5-pro", Stream: true, Outcome: "passed", Status: 200, StopReason: "stop", Tried: 2,
		Attempts: []record.Attempt{second}, Usage: second.Usage, Cost: &cost, FirstByte: record.Duration(1500 * time.Millisecond), Duration: record.Duration(3 * time.Second)}

	// The attempts ended at two replicas.
	if err := newSink(t, file, nil).Write(t.Context(), []record.Entry{{Attempt: &first}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), []record.Entry{{Attempt: &second}, {Request: &req}}); err != nil {
		t.Fatal(err)
	}
	spans, call := r.Spans(), r.Calls()[1]
	if len(spans) != 3 || call.Header["authorization"][0] != "Bearer x" || call.Protocol == "http" && call.Path != "/v1/traces" {
		t.Fatalf("%d spans, %+v", len(spans), call)
	}
	one, two, whole := spans[0], spans[1], spans[2]
	for _, span := range spans {
		if span.Trace != origin.TraceID || span.State != "vendor=1" || span.Service != "heald" || span.Resource["service.version"] != "1" {
			t.Errorf("trace %s %s of %v", span.Trace, span.State, span.Resource)
		}
	}
	if whole.Parent != origin.ParentSpan || one.Parent != whole.ID || two.Parent != whole.ID || one.ID == two.ID || two.ID != second.Span.ID {
		t.Error("the spans do not hang together")
	}
	if one.Kind != tracepb.Span_SPAN_KIND_CLIENT || whole.Kind != tracepb.Span_SPAN_KIND_SERVER || whole.Name != "generate_content claude" || two.Name != "generate_content gemini-2.5-pro" {
		t.Errorf("%v %v %s %s", one.Kind, whole.Kind, whole.Name, two.Name)
	}
	if whole.End.Sub(whole.Begin) != 3*time.Second || whole.Begin != began || two.Begin != began.Add(time.Second) {
		t.Errorf("the request is from %v to %v", whole.Begin, whole.End)
	}
	if !one.Error || one.Status != "the model is overloaded" || two.Error || one.Attributes["error.type"] != "upstream_error" {
		t.Errorf("%+v, %+v", one, two)
	}
	want := map[string]any{
		"gen_ai.operation.name": "generate_content", "gen_ai.provider.name": "gcp.vertex_ai", "gen_ai.request.model": "gemini-2.5-pro",
		"gen_ai.usage.input_tokens": int64(10), "gen_ai.usage.cache_read.input_tokens": int64(4), "gen_ai.usage.output_tokens": int64(6),
		"gen_ai.usage.reasoning.output_tokens": int64(2), "gen_ai.response.time_to_first_chunk": 0.5,
		"heald.request_id": "abc", "heald.tenant": "team", "heald.key_id": "k1", "heald.api": "chat", "heald.path": "/v1/chat/completions",
		"heald.attempt": int64(2), "heald.backend": "eu", "heald.account": "eu-1", "heald.group": "vertex/eu/p", "heald.tier.asked": "flex", "heald.tier.served": "flex",
		"heald.verdict": "pass", "heald.upstream.status": int64(200), "heald.waited": 1.0, "heald.cost.nano": int64(77), "heald.cost.price_version": "2026-11-29",
	}
	if diff := cmp.Diff(want, two.Attributes); diff != "" {
		t.Error(diff)
	}
	want = map[string]any{
		"gen_ai.operation.name": "generate_content", "gen_ai.request.model": "claude", "gen_ai.response.model": "gemini-2.5-pro", "gen_ai.request.stream": true,
		"gen_ai.response.finish_reasons": "stop", "gen_ai.response.time_to_first_chunk": 1.5,
		"heald.request_id": "abc", "heald.tenant": "team", "heald.key_id": "k1", "heald.api": "chat", "heald.path": "/v1/chat/completions",
		"heald.outcome": "passed", "heald.status": int64(200), "heald.attempts": int64(2),
	}
	if diff := cmp.Diff(want, whole.Attributes); diff != "" {
		t.Error(diff)
	}
}

// What the client did wrong is no error of the server, an attempt of heald's own asks
// nobody, and a request that broke off says why its rest did not come.
func TestFailures(t *testing.T) {
	r := otlpreceiver.Start(t, otlpreceiver.Options{})
	s := newSink(t, &Settings{Endpoint: at(r, "http", "http/protobuf")}, nil)
	origin := record.Origin{Time: began, RequestID: "abc", TraceID: "0af7651916cd43dd8448eb211c80319c", ParentSpan: "b7ad6b7169203331", Sampled: true}
	for _, c := range []struct {
		request record.Request
		status  string // "" is no error
	}{
		{record.Request{Outcome: "local", Reason: "model_list", Status: 200}, ""},
		{record.Request{Outcome: "failed", Reason: "invalid_request", Status: 400}, ""},
		{record.Request{Outcome: "canceled", Reason: "canceled", Status: 200, Aborted: true}, ""},
		{record.Request{Outcome: "failed", Reason: "refused", Status: 500}, "refused"}, // heald's own setting is wrong
		{record.Request{Outcome: "failed", Reason: "rate_limited", Status: 429}, "rate_limited"},
		{record.Request{Outcome: "broken", Reason: "resume_failed", Status: 200, BrokenBy: "stream_truncated", Resume: &record.Resume{Error: "not the same words"}}, "not the same words"},
	} {
		c.request.Origin = origin
		attempt := record.Attempt{Origin: origin, Number: 1, Verdict: "pass", Reason: c.request.Reason}
		if err := s.Write(t.Context(), []record.Entry{{Attempt: &attempt}, {Request: &c.request}}); err != nil {
			t.Fatal(err)
		}
		spans := r.Spans()
		own, whole := spans[len(spans)-2], spans[len(spans)-1]
		if own.Kind != tracepb.Span_SPAN_KIND_INTERNAL {
			t.Errorf("%s: the attempt is of the kind %v", c.request.Reason, own.Kind)
		}
		if whole.Error != (c.status != "") || whole.Status != c.status {
			t.Errorf("%s: error %t, %q", c.request.Reason, whole.Error, whole.Status)
		}
		if failed := c.request.Outcome != "local"; failed != (whole.Attributes["error.type"] != nil) {
			t.Errorf("%s: error.type %v", c.request.Reason, whole.Attributes["error.type"])
		}
	}
}

func TestIdentities(t *testing.T) {
	of := func(o record.Origin) identity { return requestIdentity(&o) }
	if a, b := of(record.Origin{RequestID: "a"}), of(record.Origin{RequestID: "a"}); a.span != b.span || a.trace != b.trace || a.parent.IsValid() || !a.trace.IsValid() {
		t.Errorf("%v, %v", a, b)
	}
	if of(record.Origin{RequestID: "a"}).trace == of(record.Origin{RequestID: "b"}).trace {
		t.Error("two requests share a trace")
	}
	if a, b := of(record.Origin{}), of(record.Origin{}); a.trace == b.trace || a.span == b.span {
		t.Error("two requests without an id are one")
	}
	if id := of(record.Origin{RequestID: "a", TraceID: "xyz", ParentSpan: "b7ad6b7169203331"}); id.parent.IsValid() {
		t.Error("a broken traceparent was taken")
	}
}
