package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/tenant"
)

const hello = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hello\"}],\"role\":\"model\"},\"finishReason\":\"STOP\"}]," +
	"\"usageMetadata\":{\"promptTokenCount\":3,\"candidatesTokenCount\":1,\"totalTokenCount\":4}}\r\n\r\n"

// hostile plays requests with names that nobody has configured: a model, a path, a
// key, a backend and a request id, each of them new.
func hostile(t *testing.T, s *sidecar, n int, key string) {
	t.Helper()
	headers := func(more ...string) policies.Headers {
		h := policies.Headers{{Name: "x-request-id", Value: fmt.Sprint("id-", n)}, {Name: "x-envoy-attempt-count", Value: "1"},
			{Name: "content-type", Value: "application/json"}, {Name: "traceparent", Value: fmt.Sprintf("00-%032x-%016x-01", n+1, n+1)}}
		for i := 0; i < len(more); i += 2 {
			h = append(h, policies.Header{Name: more[i], Value: more[i+1]})
		}
		return h
	}
	for _, in := range []*policies.Request{
		{Path: "/v1/messages", Headers: headers("x-api-key", key)},
		{Path: "/v1/messages", Headers: headers("x-api-key", fmt.Sprintf("heald_invented-key-of-tenant-%d", n))},
		{Path: "/v1/chat/completions", Headers: headers("authorization", "Bearer "+key), Settings: policies.Headers{{Name: policies.HeaderBackends, Value: fmt.Sprintf("route-%d=ai_studio", n)}}},
		{Path: fmt.Sprintf("/v1beta/models/invented-%d:streamGenerateContent", n), Headers: headers("x-goog-api-key", key)},
		{Path: fmt.Sprintf("/openai/deployments/invented-%d/chat/completions", n), Headers: headers("api-key", key)},
		{Path: fmt.Sprintf("/invented/%d", n), Headers: headers("x-api-key", key)},
		{Path: "/v1/responses", Headers: headers("authorization", "Bearer "+key, policies.HeaderPolicy, fmt.Sprint("policy-", n))},
	} {
		in.Method, in.Authority = "POST", "x"
		body := fmt.Sprintf(`{"model":"invented-%d","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi %d"}]}`, n, n)
		if strings.Contains(in.Path, "Content") {
			body = `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`
		}
		a := s.policy.Begin(t.Context(), in)
		if a.RequestHeaders() == nil {
			if forward, _ := a.RequestBody(t.Context(), []byte(body)); forward != nil {
				status, answer := 200, hello
				if n%2 == 1 {
					status, answer = 400, fmt.Sprintf(`{"error":{"code":400,"message":"model invented-%d","status":"INVALID_ARGUMENT"}}`, n)
				}
				a.ResponseHeaders(&policies.Response{Status: status, Details: policies.ViaUpstream})
				a.ResponseBody([]byte(answer), true)
			}
		}
		a.Close(policies.EndComplete)
	}
}

// The number of series is bounded by the configuration: a thousand invented
// models, paths, keys and backends add none, and the values of labels are those
// that are configured and heald's own words.
func TestSeriesAreBounded(t *testing.T) {
	t.Setenv("KEY", "k")
	const key = "a-client-key-of-sixteen-and-more"
	s, _ := loadedSidecar(t, write(t, "heald.yaml", "backends: [{name: a, kind: ai_studio}]\naccounts: [{id: a-1, backend: a, secret: {env: KEY}}]\nlog: {level: error}\n"+
		"tenants: [{name: team, keys: [{id: k0, hash: 'sha256:"+tenant.HashOf(key).String()+"'}]}]\n"))
	t.Cleanup(func() { _ = s.state.Close() })
	series := func() map[string]int {
		all, err := s.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		n := map[string]int{}
		for _, f := range all {
			n[f.GetName()] = len(f.GetMetric())
		}
		return n
	}
	for n := range 50 {
		hostile(t, s, n, key)
	}
	before := series()
	for n := 50; n < 1000; n++ {
		hostile(t, s, n, key)
	}
	names := s.policy.current.Load().Names()
	models := func(m string) bool { return m == "" || m == "other" || names.ModelLabel(m) == m }
	in := func(list ...string) func(string) bool {
		return func(v string) bool { return slices.Contains(list, v) }
	}
	known := map[string]func(string) bool{
		"api":     in("claude", "chat", "responses", "completions", "embeddings", "images", "transcriptions", "gemini"),
		"tenant":  in("", "team", "other"),
		"backend": in("", "a", "other"),
		"account": in("", "a-1", "other"),
		"group":   func(g string) bool { return strings.HasSuffix(g, "account:a-1") },
		"model":   models,
		"verdict": in("pass", "retry", "failover", "repair", "fail"),
		"reason":  func(r string) bool { return r == "" || slices.Contains(heal.Reasons, r) },
		"outcome": in("passed", "local", "failed", "broken", "canceled"),
	}
	all, err := s.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, f := range all {
		if !strings.HasPrefix(f.GetName(), "heald_") {
			continue
		}
		if n, was := len(f.GetMetric()), before[f.GetName()]; n != was {
			t.Errorf("%s: %d series, %d before", f.GetName(), n, was)
		}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if is, bounded := known[l.GetName()]; bounded && !is(l.GetValue()) {
					t.Errorf("%s: %s is %q", f.GetName(), l.GetName(), l.GetValue())
				}
			}
			if f.GetName() == "heald_attempts_total" {
				asked += int(m.GetCounter().GetValue())
			}
		}
	}
	if asked != 7*1000 {
		t.Errorf("%d attempts were counted", asked)
	}
}
