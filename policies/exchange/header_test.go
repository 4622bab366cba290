package exchange

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
)

// strangers are headers that clients, proxies and meshes send.
var strangers = []string{
	"x-forwarded-access-token", "x-forwarded-user", "x-forwarded-email", "x-forwarded-for", "x-forwarded-host", "forwarded", "via", "x-real-ip",
	"x-envoy-peer-metadata", "x-envoy-peer-metadata-id", "x-envoy-attempt-count", "x-envoy-external-address",
	"x-auth-request-email", "x-amzn-oidc-data", "x-goog-iap-jwt-assertion", "cf-connecting-ip", "cookie", "proxy-authorization",
	"authorization", "x-api-key", "api-key", "x-goog-user-project", "x-goog-api-client", "x-client-data", "x-server-timeout", "anthropic-beta",
	"traceparent", "tracestate", "baggage", "x-b3-traceid", "b3", "x-cloud-trace-context", "x-request-id", "origin", "referer",
	"accept-encoding", "te", "connection", "upgrade", "expect", "x-heald-session", "x-heald-memory", "x-heald-set", "x-heald-hop", "x-new-next-year",
}

// requests are one of each API.
var requests = []struct{ api, path, body string }{
	{"claude", "/v1/messages?beta=true", ask},
	{"chat", "/v1/chat/completions", `{"model":"gemini-3.5-flash","stream":true,"messages":[{"role":"user","content":"hi"}]}`},
	{"responses", "/v1/responses", `{"model":"gemini-3.5-flash","stream":true,"input":"hi"}`},
	{"native", "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse&key=client-secret", `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`},
}

func TestHeadersThatPass(t *testing.T) {
	for _, request := range requests {
		t.Run(request.api, func(t *testing.T) {
			in := &policies.Request{Method: "POST", Path: request.path, Authority: "llm.example", Headers: policies.Headers{
				{Name: "host", Value: "llm.example"}, {Name: "content-length", Value: "9"}, {Name: "transfer-encoding", Value: "chunked"}, {Name: "x-forwarded-proto", Value: "https"},
				{Name: "content-type", Value: "application/json"}, {Name: "user-agent", Value: "someone"}, {Name: "accept", Value: "*/*"}, {Name: "x-goog-api-key", Value: "client-secret"},
			}}
			for _, name := range strangers {
				value := "1"
				if name == "x-heald-set" || name == "x-heald-memory" {
					value = ""
				}
				in.Headers = append(in.Headers, policies.Header{Name: name, Value: value})
			}
			a := newRig(t, func(c *Config) { c.ClientKeys = []string{"client-secret"} }).Begin(context.Background(), in).(*attempt)
			f := send(t, a, request.body)
			for _, h := range in.Headers {
				passes := !slices.Contains(f.Remove, h.Name) && f.Set.Get(h.Name) == ""
				if want := slices.Contains(requestKept, h.Name); passes != want {
					t.Errorf("%s passes: %t, want %t", h.Name, passes, want)
				}
			}
			for _, h := range f.Set {
				if strings.Contains(h.Value, "client-secret") || h.Value == "someone" {
					t.Errorf("%s goes upstream with the client's value %q", h.Name, h.Value)
				}
			}
			if strings.Contains(f.Path, "client-secret") {
				t.Errorf("the path holds the client's key: %s", f.Path)
			}

			provider := []string{"server", "ESF", "alt-svc", "h3", "set-cookie", "s=1", "via", "1.1 google", "server-timing", "gfet4t7", "x-google-backend", "b",
				"x-gemini-service-tier", "standard", "x-envoy-upstream-service-time", "9", "content-length", "5", "content-disposition", "attachment", "vary", "Origin", "x-new-next-year", "1"}
			act := answerWith(a, 200, hello+stop, append(provider, "date", "today", "content-type", "text/event-stream")...)
			if act.Head == nil {
				t.Fatalf("no head: %+v", act)
			}
			for i := 0; i < len(provider); i += 2 {
				if !slices.Contains(act.Head.Remove, provider[i]) {
					t.Errorf("the client gets the provider's %s", provider[i])
				}
			}
			if slices.Contains(act.Head.Remove, "date") {
				t.Error("the client does not get the date")
			}
		})
	}
}
