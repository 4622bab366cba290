package exchange

import (
	"context"
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/policies/tenant"
)

// rig is an exchange and what it logged.
type rig struct {
	*Exchange
	log *observer.ObservedLogs
}

func newRig(t testing.TB, change func(*Config)) rig {
	t.Helper()
	cfg := Config{
		Backends: []route.Backend{{Name: "a", Kind: route.AIStudio}, {Name: "b", Kind: route.Vertex, Project: "p", Location: "europe-west4"}},
		Accounts: []account.Account{
			{ID: "a-1", Backend: "a", Secret: account.NewSecret("key-a-1")},
			{ID: "a-2", Backend: "a", Secret: account.NewSecret("key-a-2")},
			{ID: "b-1", Backend: "b", Scheme: account.Bearer, Secret: account.NewSecret("token-b-1")},
		},
		MemoryKeys: [][]byte{[]byte("k")},
	}
	if change != nil {
		change(&cfg)
	}
	if cfg.Tenants == nil && len(cfg.ClientKeys) > 0 {
		cfg.Tenants = callers(t, tenant.Tenant{Name: tenant.Default, Keys: keysOf(cfg.ClientKeys...)})
	}
	core, logs := observer.New(zapcore.DebugLevel)
	x, err := New(cfg, Deps{Log: zap.New(core), Metrics: NewMetrics(prometheus.NewRegistry()), Random: func() float64 { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	x.random = func() float64 { return 1 } // no jitter
	return rig{x, logs}
}

// callers is a registry of tenants.
func callers(t testing.TB, tenants ...tenant.Tenant) *tenant.Registry {
	t.Helper()
	r, err := tenant.New(tenants)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// keysOf are keys of a tenant, with the ids k0, k1 and so on.
func keysOf(keys ...string) (out []tenant.Key) {
	for i, key := range keys {
		out = append(out, tenant.Key{ID: fmt.Sprint("k", i), Hash: tenant.HashOf(key)})
	}
	return out
}

const (
	ask       = `{"model":"gemini-3.5-flash","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"hi"}]}`
	askWhole  = `{"model":"gemini-3.5-flash","max_tokens":100,"messages":[{"role":"user","content":"hi"}]}`
	hello     = "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"Hello\"}],\"role\": \"model\"}}],\"usageMetadata\": {\"promptTokenCount\": 3,\"totalTokenCount\": 3},\"responseId\": \"r1\"}\r\n\r\n"
	stop      = "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"\"}],\"role\": \"model\"},\"finishReason\": \"STOP\"}],\"usageMetadata\": {\"promptTokenCount\": 3,\"candidatesTokenCount\": 1,\"totalTokenCount\": 4}}\r\n\r\n"
	heartbeat = ": keep-alive\r\n\r\n"
)

// begin starts attempt n of a request. memory is what the attempt before left.
func (r rig) begin(n int, memory string, headers ...string) *attempt {
	return r.Begin(context.Background(), headOf(n, memory, headers...)).(*attempt)
}

// headOf is the head of the request of an attempt.
func headOf(n int, memory string, headers ...string) *policies.Request {
	in := &policies.Request{Method: "POST", Path: "/v1/messages?beta=true", Authority: "llm.example", Headers: policies.Headers{
		{Name: "x-request-id", Value: "id-1"}, {Name: "x-envoy-attempt-count", Value: fmt.Sprint(n)},
		{Name: "x-api-key", Value: "client-secret"}, {Name: "authorization", Value: "Bearer client-secret"},
		{Name: "content-type", Value: "application/json"},
	}}
	if memory != "" {
		in.Headers = append(in.Headers, policies.Header{Name: "x-heald-memory", Value: memory})
	}
	for i := 0; i+1 < len(headers); i += 2 {
		in.Headers.Set(headers[i], headers[i+1])
	}
	return in
}

// send takes an attempt up to the point where the provider has the request.
func send(t *testing.T, a *attempt, body string) *policies.Forward {
	t.Helper()
	if reply := a.RequestHeaders(); reply != nil {
		t.Fatalf("refused: %d %s", reply.Status, reply.Body)
	}
	f, reply := a.RequestBody(context.Background(), []byte(body))
	if reply != nil {
		t.Fatalf("refused: %d %s", reply.Status, reply.Body)
	}
	return f
}

// answerWith plays a response of the provider, in one piece, and closes the
// attempt.
func answerWith(a *attempt, status int, body string, headers ...string) policies.Action {
	defer a.Close(policies.EndComplete)
	resp := &policies.Response{Status: status, Details: policies.ViaUpstream}
	for i := 0; i+1 < len(headers); i += 2 {
		resp.Headers = append(resp.Headers, policies.Header{Name: headers[i], Value: headers[i+1]})
	}
	if act := a.ResponseHeaders(resp); act.Step == policies.Answer {
		return act
	}
	return a.ResponseBody([]byte(body), true)
}

const (
	forbidden = `{"error":{"code":403,"message":"Permission denied on project 123.","status":"PERMISSION_DENIED"}}`
	minute    = `{"error":{"code":429,"message":"Resource has been exhausted.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.500s"}]}}`
	overload  = `{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}`
	corrupted = `{"error":{"code":400,"message":"Corrupted thought signature.","status":"INVALID_ARGUMENT"}}`
)

// counting gives the rig counters that can be read, and a signature cache.
func (r rig) counting(t *testing.T) (rig, func(name, label string) float64) {
	t.Helper()
	reg := prometheus.NewRegistry()
	r.metrics = NewMetrics(reg)
	r.signatures = NewSignatures(r.metrics)
	return r, func(name, label string) float64 {
		t.Helper()
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				if f.GetName() == name && m.GetLabel()[0].GetValue() == label {
					return m.GetCounter().GetValue()
				}
			}
		}
		return 0
	}
}
