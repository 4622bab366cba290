package attack

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
)

// client is somebody who may send requests, or would like to.
var client = []attack{
	{"sends no key, a wrong one, one in every place", func(t *testing.T, v *victim) string {
		if v.key == "" {
			return notHere
		}
		return sendKeys(t, v)
	}},
	{"sends heald's own headers", func(t *testing.T, v *victim) string {
		v.fake.Reset()
		h := http.Header{}
		for name, value := range map[string]string{
			"x-heald-cluster": "heald", "x-heald-policy": "none-such", "x-heald-set": "attempts=10,local.warmup=true",
			"x-heald-backends": "a=ai_studio,http://attacker.example", "x-heald-hop": "x", "x-heald-memory": "m1.00000000.e30.AAAA",
			"x-heald-unreached": "9", "x-heald-session": "s", "x-heald-verdict": "pass", "x-heald-retry": "1", "x-envoy-attempt-count": "9", "x-envoy-upstream-alt-stat-name": "x",
			"x-envoy-max-retries": "100", "x-envoy-retry-on": "5xx", "x-envoy-upstream-rq-timeout-ms": "1",
		} {
			h.Set(name, value)
		}
		r := hello
		r.header = h
		got := v.do(t, r)
		if got.status != 200 || got.header.Get("x-heald-attempts") != "1" {
			t.Errorf("got %v, attempts %q", got, got.header.Get("x-heald-attempts"))
		}
		for name := range got.header {
			switch strings.ToLower(name) {
			case "x-heald-memory", "x-heald-retry", "x-heald-verdict", "x-heald-cluster", "x-heald-hop":
				t.Errorf("the client sees %s", name)
			}
		}
		return fmt.Sprintf("%d, %d attempt, as if it had not", got.status, len(v.fake.Requests()))
	}},
	{"sends headers of proxies, meshes and browsers", func(t *testing.T, v *victim) string {
		v.fake.Reset()
		r := hello
		r.header = http.Header{}
		for i, name := range strangeHeaders {
			r.header.Set(name, fmt.Sprintf("stranger-%d", i))
		}
		if got := v.do(t, r); got.status != 200 {
			t.Errorf("got %v", got)
		}
		var names []string
		for _, req := range v.fake.Requests() {
			for name, values := range req.Header {
				if strings.Contains(strings.Join(values, " "), "stranger-") {
					t.Errorf("the provider sees %s", name)
				}
			}
			names = slices.Sorted(maps.Keys(req.Header))
		}
		return fmt.Sprintf("%d sent, the provider sees %s", len(strangeHeaders), strings.ToLower(strings.Join(names, " ")))
	}},
	{"looks for secrets in what it may read", func(t *testing.T, v *victim) string {
		v.fake.Enqueue(fakegemini.Status(503, fakegemini.Message("Bad gateway at 10.1.2.3:8443 for projects/my-secret-project-1: key "+providerKey+" of admin@corp.example was refused")))
		v.fake.Enqueue(fakegemini.Status(400, fakegemini.Message("Bad request at 10.1.2.3:8443 for projects/my-secret-project-1 and gs://internal-bucket/x: key "+providerKey+" of admin@corp.example was refused")))
		got := v.do(t, hello)
		all, _ := json.Marshal(got.header)
		for _, secret := range []string{providerKey, "my-secret-project-1", "10.1.2.3", "admin@corp.example", "internal-bucket"} {
			if strings.Contains(got.body+string(all), secret) {
				t.Errorf("the client reads %q: %v", secret, got)
			}
		}
		return got.String()
	}},
	{"chooses its own request id", func(t *testing.T, v *victim) string {
		r := hello
		r.header = http.Header{"X-Request-Id": {"22222222-2222-4222-8222-222222222222"}}
		got := v.do(t, r)
		if id := got.header.Get("x-heald-request-id"); id == "" || strings.HasPrefix(id, "22222222") {
			t.Errorf("the request id is %q", id)
		}
		return "it gets another one"
	}},
}

// strangeHeaders carry identities, addresses or traces of the client's side.
var strangeHeaders = []string{
	"x-forwarded-access-token", "x-forwarded-user", "x-forwarded-email", "x-forwarded-groups", "x-forwarded-preferred-username",
	"x-forwarded-client-cert", "x-forwarded-host", "x-forwarded-for", "x-forwarded-uri", "x-forwarded-prefix", "x-original-url",
	"x-auth-request-user", "x-auth-request-email", "x-auth-request-access-token", "x-auth-request-redirect", "x-userinfo",
	"x-id-token", "x-access-token", "x-amzn-oidc-data", "x-amzn-oidc-identity", "x-amzn-trace-id", "x-goog-iap-jwt-assertion",
	"x-goog-authenticated-user-email", "x-goog-user-project", "x-goog-api-client", "x-client-data", "x-ms-client-principal",
	"cf-connecting-ip", "cf-ray", "true-client-ip", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "forwarded", "via",
	"x-envoy-peer-metadata", "x-envoy-peer-metadata-id", "x-envoy-external-address", "x-envoy-decorator-operation",
	"x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "b3", "traceparent", "tracestate", "baggage", "x-cloud-trace-context",
	"x-datadog-trace-id", "uber-trace-id", "x-ot-span-context", "cookie", "referer", "accept-language", "anthropic-beta", "anthropic-version",
	"openai-organization", "openai-project", "x-stainless-lang", "session_id", "x-session-id", "x-tenant", "priority", "dnt",
}

// sendKeys tries the door in all four APIs.
func sendKeys(t *testing.T, v *victim) string {
	t.Helper()
	v.fake.Reset()
	refused := 0
	for _, path := range []string{"/v1/messages", "/v1/chat/completions", "/v1/responses", "/v1beta/models/gemini-3.5-flash:generateContent", "/v1/models", "/nowhere"} {
		for _, h := range []http.Header{
			{}, {"X-Api-Key": {"heald"}}, {"Authorization": {"Bearer " + clientKey[:len(clientKey)-1]}}, {"X-Goog-Api-Key": {clientKey + "x"}},
			{"Authorization": {"Basic " + clientKey}},
		} {
			got := v.do(t, request{path: path, body: hello.body, header: h, noKey: true})
			if got.status != 401 {
				t.Errorf("%s with %v: %v, want 401", path, h, got)
			}
			refused++
		}
	}
	let := 0
	for _, h := range []http.Header{{"X-Api-Key": {clientKey}}, {"Authorization": {"Bearer " + clientKey}}, {"X-Goog-Api-Key": {clientKey}}} {
		if got := v.do(t, request{path: hello.path, body: hello.body, header: h, noKey: true}); got.status != 200 {
			t.Errorf("with the key as %v: %v", slices.Collect(maps.Keys(h)), got)
		}
		let++
	}
	if n := len(v.fake.Requests()); n != let {
		t.Errorf("%d requests reached the provider, want %d", n, let)
	}
	return fmt.Sprintf("401 for %d, 200 for %d with the key", refused, let)
}

// browser is a web page that the owner has open.
var browser = []attack{
	{"cross-site fetch", func(t *testing.T, v *victim) string {
		if v.key != "" {
			return notHere // a page has no key to send
		}
		v.fake.Reset()
		var seen []string
		for _, h := range []http.Header{
			{"Origin": {"https://evil.example"}},
			{"Origin": {"null"}},
			{"Sec-Fetch-Site": {"cross-site"}},
			{"Origin": {"http://127.0.0.1.evil.example"}, "Sec-Fetch-Site": {"same-site"}},
		} {
			r := hello
			r.header = h
			got := v.do(t, r)
			if got.status != 403 {
				t.Errorf("%v: %v, want 403", h, got)
			}
			seen = append(seen, fmt.Sprint(got.status))
		}
		if n := len(v.fake.Requests()); n != 0 {
			t.Errorf("%d requests reached the provider", n)
		}
		return strings.Join(seen, " ")
	}},
	{"DNS rebinding", func(t *testing.T, v *victim) string {
		if v.key != "" {
			return notHere
		}
		r := hello
		r.host = "evil.example:10000"
		got := v.do(t, r)
		if got.status != 403 {
			t.Errorf("got %v, want 403", got)
		}
		r.host = "localhost:10000"
		if got := v.do(t, r); got.status != 200 {
			t.Errorf("as localhost: %v", got)
		}
		return got.String()
	}},
	{"preflight", func(t *testing.T, v *victim) string {
		r := request{method: http.MethodOptions, path: "/v1/messages", noKey: true,
			header: http.Header{"Origin": {"https://evil.example"}, "Access-Control-Request-Method": {"POST"}}}
		got := v.do(t, r)
		// Where keys are asked for, a preflight is answered, since it cannot show
		// one. What lets a page go on is the leave, and there is none.
		for name := range got.header {
			if strings.HasPrefix(strings.ToLower(name), "access-control-") {
				t.Errorf("got %v with %v", got, got.header)
			}
		}
		return fmt.Sprint(got.status, ", without leave")
	}},
}
