package envoy_test

import (
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/heald-proxy/heald/envoy/bootstrap"
)

// strangers are headers that clients, proxies and meshes send. None is the
// provider's business.
var strangers = []string{
	"x-forwarded-access-token", "x-forwarded-user", "x-forwarded-email", "x-forwarded-groups", "x-forwarded-preferred-username",
	"x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix", "x-forwarded-client-cert", "x-forwarded-for", "forwarded", "via",
	"x-real-ip", "true-client-ip", "x-client-ip", "x-cluster-client-ip", "x-original-forwarded-for", "x-original-url",
	"x-envoy-hedge-on-per-try-timeout", "x-envoy-upstream-rq-per-try-timeout-ms", "x-envoy-max-retries", "x-envoy-retry-on", "x-envoy-retriable-header-names",
	"x-envoy-peer-metadata", "x-envoy-peer-metadata-id", "x-envoy-original-path", "x-envoy-decorator-operation", "x-envoy-external-address",
	"x-auth-request-user", "x-auth-request-email", "x-auth-request-access-token", "x-auth-request-groups", "x-id-token", "x-jwt-payload",
	"x-amzn-trace-id", "x-amzn-oidc-data", "x-amzn-oidc-identity", "x-amzn-oidc-accesstoken", "x-amz-cf-id",
	"x-ms-client-principal", "x-ms-client-principal-name", "x-goog-authenticated-user-email", "x-goog-iap-jwt-assertion",
	"cf-connecting-ip", "cf-ipcountry", "cf-ray", "cf-access-jwt-assertion", "fastly-client-ip", "x-vercel-ip-city",
	"cookie", "proxy-authorization", "x-api-key", "api-key", "x-authorization", "anthropic-beta", "anthropic-version", "openai-organization",
	"x-goog-api-client", "x-goog-request-params", "x-client-data", "x-server-timeout",
	"traceparent", "tracestate", "baggage", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "b3", "uber-trace-id", "x-cloud-trace-context", "x-datadog-trace-id",
	"x-request-id", "x-correlation-id", "x-session-id", "origin", "referer", "accept-language", "accept-encoding", "dnt", "sec-ch-ua", "sec-fetch-site",
	"te", "x-heald-session", "x-stainless-os", "x-app",
}

// allowed is all that the provider may see. The last two are of heald's accounts:
// it removes those of clients, as it does with their Authorization.
var allowed = []string{"Accept", "Authorization", "Content-Length", "Content-Type", "Transfer-Encoding", "User-Agent", "X-Goog-Api-Key", "X-Goog-User-Project"}

// Envoy alone, with a sidecar that removes nothing, keeps the list.
func TestHeadersThatPass(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		var got http.Header
		backends := provider(t, func(w http.ResponseWriter, r *http.Request) {
			got = r.Header.Clone()
			_, _ = io.WriteString(w, "good")
		})
		_, address := newSidecar(t, pass)
		g := start(t, binary, bootstrap.Params{Sidecars: []string{address}, Backends: backends})
		client := map[string]string{"authorization": "Bearer k", "x-goog-api-key": "k", "content-type": "application/json", "accept": "*/*"}
		for _, name := range strangers {
			client[name] = "a stranger"
		}
		a := g.post(t, client)
		if a.status != http.StatusOK || a.body != "good" {
			t.Fatalf("got %v", a)
		}
		for name, values := range got {
			if !slices.Contains(allowed, name) {
				t.Errorf("the provider sees %s: %q", name, values)
			}
		}
		if got.Get("authorization") != "Bearer k" || got.Get("content-type") != "application/json" {
			t.Errorf("the provider sees %v", got)
		}
	})
}
