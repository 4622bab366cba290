package otlp

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/heald-proxy/heald/policies/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// receiver is a collector; it keeps the spans that it gets.
type receiver struct {
	*httptest.Server
	spans  []*tracepb.Span
	calls  int
	auth   string
	path   string
	status int
	reply  []byte
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{status: http.StatusOK}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) {
		r.calls++
		r.auth, r.path = in.Header.Get("Authorization"), in.URL.Path
		unzipped, err := gzip.NewReader(in.Body)
		if err != nil {
			t.Error(err)
			return
		}
		body, err := io.ReadAll(unzipped)
		var export collector.ExportTraceServiceRequest
		if err != nil || proto.Unmarshal(body, &export) != nil {
			t.Errorf("%v, %d bytes", err, len(body))
		}
		for _, resource := range export.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				r.spans = append(r.spans, scope.Spans...)
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
		w.WriteHeader(r.status)
		_, _ = w.Write(r.reply)
	}))
	t.Cleanup(r.Close)
	return r
}

func newSink(t *testing.T, r *receiver) *Sink {
	s, err := New(t.Context(), Options{Endpoint: r.URL, Headers: map[string]string{"Authorization": "Bearer x"}, Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
	return s
}

func plain(l []*common.KeyValue) map[string]any {
	out := map[string]any{}
	for _, kv := range l {
		switch v := kv.Value.Value.(type) {
		case *common.AnyValue_StringValue:
			out[kv.Key] = v.StringValue
		case *common.AnyValue_IntValue:
			out[kv.Key] = v.IntValue
		case *common.AnyValue_DoubleValue:
			out[kv.Key] = v.DoubleValue
		case *common.AnyValue_BoolValue:
			out[kv.Key] = v.BoolValue
		case *common.AnyValue_ArrayValue:
			out[kv.Key] = v.ArrayValue.Values[0].GetStringValue()
		}
	}
	return out
}

var began = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func TestSpans(t *testing.T) {
	r := newReceiver(t)
	s := newSink(t, r)
	cost := int64(77)
	origin := record.Origin{Time: began, RequestID: "abc", Tenant: "team", KeyID: "k1", API: "chat", Path: "/v1/chat/completions", Operation: record.Generate,
		TraceID: "0af7651916cd43dd8448eb211c80319c", ParentSpan: "b7ad6b7169203331", Sampled: true}
	first := record.Attempt{Origin: origin, Number: 1, Backend: "studio", Kind: "ai_studio", Account: "studio-1", Model: "gemini-2.5-pro",
		Verdict: "retry", Reason: "upstream_error", Status: 503, Duration: record.Duration(time.Second)}
	second := record.Attempt{Origin: origin, Number: 2, Backend: "eu", Kind: "vertex", Account: "eu-1", Group: "vertex/eu/p", Model: "gemini-2.5-pro",
		TierAsked: "flex", TierServed: "flex", Verdict: "pass", Status: 200, Usage: &record.Usage{Input: 10, Cached: 4, Output: 6, Thinking: 2},
		Cost: &cost, PriceVersion: "2026-11-29", Content: record.Duration(500 * time.Millisecond), Waited: record.Duration(time.Second), Duration: record.Duration(2 * time.Second)}
	second.Time = began.Add(time.Second)
	req := record.Request{Origin: origin, Alias: "claude", Model: "gemini-2.5-pro", Stream: true, Outcome: "passed", Status: 200, StopReason: "stop", Tried: 2,
		Attempts: []record.Attempt{second}, Usage: second.Usage, Cost: &cost, FirstByte: record.Duration(1500 * time.Millisecond), Duration: record.Duration(3 * time.Second)}

	// The attempts ended at two replicas.
	if err := newSink(t, r).Write(t.Context(), []record.Entry{{Attempt: &first}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), []record.Entry{{Attempt: &second}, {Request: &req}}); err != nil {
		t.Fatal(err)
	}
	if len(r.spans) != 3 || r.auth != "Bearer x" || r.path != "/v1/traces" {
		t.Fatalf("%d spans, %q, %s", len(r.spans), r.auth, r.path)
	}
	one, two, whole := r.spans[0], r.spans[1], r.spans[2]
	for _, span := range r.spans {
		if got := hex.EncodeToString(span.TraceId); got != origin.TraceID {
			t.Errorf("trace %s", got)
		}
	}
	if hex.EncodeToString(whole.ParentSpanId) != origin.ParentSpan || string(one.ParentSpanId) != string(whole.SpanId) ||
		string(two.ParentSpanId) != string(whole.SpanId) || string(one.SpanId) == string(two.SpanId) {
		t.Error("the spans do not hang together")
	}
	if one.Kind != tracepb.Span_SPAN_KIND_CLIENT || whole.Kind != tracepb.Span_SPAN_KIND_SERVER || whole.Name != "generate_content claude" || two.Name != "generate_content gemini-2.5-pro" {
		t.Errorf("%v %v %s %s", one.Kind, whole.Kind, whole.Name, two.Name)
	}
	if got := time.Duration(whole.EndTimeUnixNano - whole.StartTimeUnixNano); got != 3*time.Second || time.Unix(0, int64(whole.StartTimeUnixNano)).UTC() != began {
		t.Errorf("the request took %v", got)
	}
	if one.Status.GetCode() != tracepb.Status_STATUS_CODE_ERROR || two.Status.GetCode() == tracepb.Status_STATUS_CODE_ERROR || plain(one.Attributes)["error.type"] != "upstream_error" {
		t.Errorf("%v, %v", one.Status, two.Status)
	}
	want := map[string]any{
		"gen_ai.operation.name": "generate_content", "gen_ai.provider.name": "gcp.vertex_ai", "gen_ai.request.model": "gemini-2.5-pro",
		"gen_ai.usage.input_tokens": int64(10), "gen_ai.usage.cache_read.input_tokens": int64(4), "gen_ai.usage.output_tokens": int64(6),
		"gen_ai.usage.reasoning.output_tokens": int64(2), "gen_ai.response.time_to_first_chunk": 0.5,
		"heald.request_id": "abc", "heald.tenant": "team", "heald.key_id": "k1", "heald.api": "chat", "heald.path": "/v1/chat/completions",
		"heald.attempt": int64(2), "heald.backend": "eu", "heald.account": "eu-1", "heald.group": "vertex/eu/p", "heald.tier.asked": "flex", "heald.tier.served": "flex",
		"heald.verdict": "pass", "heald.upstream.status": int64(200), "heald.waited": 1.0, "heald.cost.nano": int64(77), "heald.cost.price_version": "2026-11-29",
	}
	if diff := cmp.Diff(want, plain(two.Attributes)); diff != "" {
		t.Error(diff)
	}
	want = map[string]any{
		"gen_ai.operation.name": "generate_content", "gen_ai.request.model": "claude", "gen_ai.response.model": "gemini-2.5-pro", "gen_ai.request.stream": true,
		"gen_ai.response.finish_reasons": "stop", "gen_ai.response.time_to_first_chunk": 1.5,
		"heald.request_id": "abc", "heald.tenant": "team", "heald.key_id": "k1", "heald.api": "chat", "heald.path": "/v1/chat/completions",
		"heald.outcome": "passed", "heald.status": int64(200), "heald.attempts": int64(2),
	}
	if diff := cmp.Diff(want, plain(whole.Attributes)); diff != "" {
		t.Error(diff)
	}
}

func TestIdentities(t *testing.T) {
	of := func(o record.Origin) identity { id, _ := requestIdentity(&o); return id }
	if a, b := of(record.Origin{RequestID: "a"}), of(record.Origin{RequestID: "a"}); a != b || a.parent.IsValid() || !a.trace.IsValid() {
		t.Errorf("%v, %v", a, b)
	}
	if of(record.Origin{RequestID: "a"}).trace == of(record.Origin{RequestID: "b"}).trace {
		t.Error("two requests share a trace")
	}
	if a, b := of(record.Origin{}), of(record.Origin{}); a == b {
		t.Error("two requests without an id are one")
	}
	if id := of(record.Origin{RequestID: "a", TraceID: "xyz", ParentSpan: "b7ad6b7169203331"}); id.parent.IsValid() {
		t.Error("a broken traceparent was taken")
	}
}

// A client's trace that is not sampled stays so.
func TestNotSampled(t *testing.T) {
	r := newReceiver(t)
	s := newSink(t, r)
	o := record.Origin{RequestID: "abc", TraceID: "0af7651916cd43dd8448eb211c80319c", ParentSpan: "b7ad6b7169203331"}
	if err := s.Write(t.Context(), []record.Entry{{Attempt: &record.Attempt{Origin: o}}, {Request: &record.Request{Origin: o}}}); err != nil || r.calls != 0 {
		t.Errorf("%v, %d calls", err, r.calls)
	}
}

// Spans that a collector leaves out are lost, which the queue counts.
func TestPartlyRefusedByCollector(t *testing.T) {
	r := newReceiver(t)
	reply, err := proto.Marshal(&collector.ExportTraceServiceResponse{PartialSuccess: &collector.ExportTracePartialSuccess{RejectedSpans: 1, ErrorMessage: "too old"}})
	if err != nil {
		t.Fatal(err)
	}
	r.reply = reply
	if err := newSink(t, r).Write(t.Context(), []record.Entry{{Attempt: &record.Attempt{}}}); err == nil || !strings.Contains(err.Error(), "too old") {
		t.Errorf("got %v", err)
	}
}

func TestRefusedByCollector(t *testing.T) {
	r := newReceiver(t)
	r.status = http.StatusBadRequest
	if err := newSink(t, r).Write(t.Context(), []record.Entry{{Attempt: &record.Attempt{}}}); err == nil {
		t.Error("no error")
	}
}

func TestEndpoint(t *testing.T) {
	for in, want := range map[string]string{
		"http://127.0.0.1:4318": "http://127.0.0.1:4318/v1/traces", "https://c.example/": "https://c.example/v1/traces",
		"https://c.example/otlp/v1/traces": "https://c.example/otlp/v1/traces", "127.0.0.1:4318": "", "": "", "grpc://c:4317": "", "http:///x": "",
		"http://user:password@c:4318": "", "http://c:4318?key=1": "",
	} {
		if got, err := Endpoint(in); got != want || (err == nil) == (want == "") {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}
