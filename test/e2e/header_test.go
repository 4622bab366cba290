package e2e

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// wireRequests are one of each API.
var wireRequests = []struct{ api, path, body string }{
	{"claude", "/v1/messages", `{"model":"gemini-3.5-flash","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"hi"}]}`},
	{"claude whole", "/v1/messages", `{"model":"gemini-3.5-flash","max_tokens":100,"messages":[{"role":"user","content":"hi"}]}`},
	{"chat", "/v1/chat/completions", `{"model":"gemini-3.5-flash","stream":true,"messages":[{"role":"user","content":"hi"}]}`},
	{"responses", "/v1/responses", `{"model":"gemini-3.5-flash","stream":true,"input":"hi"}`},
	{"completions", "/v1/completions", `{"model":"gemini-3.5-flash","stream":true,"max_tokens":100,"prompt":"hi"}`},
	{"native", "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse&key=client-secret", nativeBody},
	{"native whole", "/v1beta/models/gemini-3.5-flash:generateContent", nativeBody},
}

// strangers are headers of clients, proxies and meshes with nothing to say to
// a provider.
var strangers = []string{
	"x-forwarded-access-token", "x-forwarded-user", "x-forwarded-email", "x-forwarded-groups", "x-forwarded-host", "x-forwarded-for", "forwarded", "via",
	"x-real-ip", "true-client-ip", "x-envoy-peer-metadata", "x-envoy-peer-metadata-id", "x-envoy-original-path", "x-envoy-decorator-operation",
	"x-auth-request-user", "x-auth-request-email", "x-auth-request-access-token", "x-amzn-trace-id", "x-amzn-oidc-data", "x-amzn-oidc-accesstoken",
	"x-ms-client-principal", "x-goog-authenticated-user-email", "x-goog-iap-jwt-assertion", "cf-connecting-ip", "cf-ray", "cf-access-jwt-assertion", "fastly-client-ip",
	"cookie", "authorization", "proxy-authorization", "x-api-key", "api-key", "x-authorization", "anthropic-beta", "openai-organization",
	"x-goog-user-project", "x-goog-api-client", "x-goog-request-params", "x-client-data", "x-server-timeout",
	"traceparent", "tracestate", "baggage", "x-b3-traceid", "x-b3-spanid", "b3", "uber-trace-id", "x-cloud-trace-context", "x-datadog-trace-id",
	"x-request-id", "x-correlation-id", "x-session-id", "x-heald-session", "origin", "referer", "accept-language", "accept-encoding", "sec-ch-ua", "te", "x-stainless-os",
}

// strangerKey authorizes the stranger, so that Origin and the like are no
// reason to refuse it.
const strangerKey = "a stranger with a key"

// upstreamHeaders are all that the provider may see, of heald and of HTTP.
var upstreamHeaders = []string{"Accept", "Content-Length", "Content-Type", "Transfer-Encoding", "User-Agent", "X-Goog-Api-Key"}

// clientHeaders are all that a client may see: of HTTP, of its API and of heald.
var clientHeaders = []string{"Cache-Control", "Content-Length", "Content-Type", "Date", "Request-Id", "Server", "Transfer-Encoding", "X-Request-Id", "X-Should-Retry",
	"X-Heald-Account", "X-Heald-Attempts", "X-Heald-Backend", "X-Heald-Model", "X-Heald-Request-Id", "X-Heald-Warning", "Retry-After"}

// Nothing but the lists passes, with heald's list alone and with Envoy's too.
func TestHeadersOnTheWire(t *testing.T) {
	alone := func(yaml string) string { return strings.Replace(yaml, "keep(h:headers(), up)", "", 1) }
	for name, edit := range map[string]func(string) string{"heald alone": alone, "with Envoy": nil} {
		t.Run(name, func(t *testing.T) {
			s := stack.Start(t, stack.Options{Edit: edit, ClientKeys: []string{strangerKey}})
			client := stack.NewClient(t, stack.HTTP1)
			ours := http.Header{"Server": {"ESF"}, "Date": {"Sun, 29 Nov 2026 12:00:00 GMT"}}
			for _, name := range []string{"alt-svc", "set-cookie", "via", "server-timing", "x-google-backend", "x-gemini-service-tier", "x-envoy-upstream-service-time", "x-heald-local", "vary", "x-frame-options", "x-content-type-options"} {
				ours.Set(name, "a stranger")
			}
			good, bad := ours.Clone(), ours.Clone()
			good.Set("content-type", "text/event-stream")
			bad.Set("content-type", "application/json")
			for _, r := range wireRequests {
				for _, reply := range []struct {
					status int
					reply  fakegemini.Reply
				}{
					{200, fakegemini.Raw(200, good, []byte("data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hello\"}],\"role\":\"model\"},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":1,\"candidatesTokenCount\":1,\"totalTokenCount\":2}}\r\n\r\n"))},
					{400, fakegemini.Raw(400, bad, []byte(`{"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT"}}`))},
				} {
					s.Fake().Reset()
					s.Fake().Enqueue(reply.reply)
					status, header := askWith(t, client, s.URL+r.path, r.body)
					if status != reply.status {
						t.Fatalf("%s: got %d, want %d", r.api, status, reply.status)
					}
					for name, values := range header {
						if !slices.Contains(clientHeaders, name) || slices.Contains(values, "a stranger") || slices.Contains(values, "ESF") {
							t.Errorf("%s, %d: the client sees %s: %q", r.api, reply.status, name, values)
						}
					}
					for name, values := range s.Fake().Requests()[0].Header {
						if !slices.Contains(upstreamHeaders, name) || strings.HasPrefix(strings.Join(values, " "), "a stranger") {
							t.Errorf("%s: the provider sees %s: %q", r.api, name, values)
						}
					}
				}
			}
		})
	}
}

func askWith(t *testing.T, client *http.Client, url, body string) (status int, header http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strangers {
		req.Header.Set(name, "a stranger")
	}
	req.Header.Set("content-type", "application/json")
	req.Header.Set("x-api-key", strangerKey)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header
}
