package exchange

import (
	"context"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
)

// A base URL that ends with a slash, and a path that does, mean the same path.
func TestSlashes(t *testing.T) {
	for _, api := range apis {
		if api.name == "no API" {
			continue
		}
		path, query, _ := strings.Cut(api.path, "?")
		if query != "" {
			query = "?" + query
		}
		for _, p := range []string{"/" + path, path + "/", strings.Replace(path, "/v1", "//v1", 1), "//" + path + "//", "/" + strings.ReplaceAll(path, "/", "//")} {
			r := newRig(t, nil)
			if reply := r.headOnly(methodOf(api.path), p+query).RequestHeaders(); reply != nil && reply.Status != 200 {
				t.Errorf("%s: %s%s: %d %s", api.name, p, query, reply.Status, reply.Body)
			}
		}
	}
}

// Whoever looks whether the gateway is there finds it, without a key, and is no
// failed request.
func TestProbes(t *testing.T) {
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/", 200}, {"HEAD", "/", 200}, {"GET", "/?a=b", 200}, {"GET", "/api/hello", 200}, {"HEAD", "/api/hello", 200},
		{"GET", "/favicon.ico", 204}, {"GET", "/robots.txt", 200},
		{"OPTIONS", "/v1/messages", 204}, {"OPTIONS", "/nothing", 204},
		{"HEAD", "/anthropic", 200}, {"GET", "/v1", 200}, {"HEAD", "/v1beta/", 200}, {"GET", "/api", 200},
		{"GET", "/health", 200}, {"GET", "/health/liveliness", 200}, {"HEAD", "/ping", 200}, {"GET", "/v1/health", 200},
		{"POST", "/api/event_logging/batch", 200}, {"POST", "/v1/api/event_logging/v2/batch", 200},
		{"GET", "/api/tags", 404}, {"GET", "/api/v1/api/version", 404}, {"GET", "/api/v0/models", 404}, {"GET", "/props", 404},
		{"GET", "/.well-known/oauth-authorization-server", 404}, {"GET", "/api/claude_code/policy_limits", 404},
		{"GET", "/v1/messages", 405}, {"HEAD", "/v1/chat/completions", 405}, {"GET", "/responses", 405},
		{"HEAD", "/v1beta/models/gemini-3.8-flash:generateContent", 405}, {"GET", "/openai/deployments/m/chat/completions", 405},
	} {
		r, counted := newRig(t, func(cfg *Config) { cfg.ClientKeys = []string{"a key of sixteen and more"} }).counting(t)
		a := r.headOnly(c.method, c.path)
		reply := a.RequestHeaders()
		a.Close(policies.EndComplete)
		if reply == nil || reply.Status != c.status || reply.Verdict != policies.Pass || reply.Reason != heal.ReasonProbe {
			t.Errorf("%s %s: %+v", c.method, c.path, reply)
		}
		if lines := r.log.FilterMessage("request finished").All(); len(lines) != 1 || lines[0].ContextMap()["outcome"] != "local" || lines[0].ContextMap()["asked_upstream"] != false {
			t.Errorf("%s %s: log %v", c.method, c.path, lines[0].ContextMap())
		}
		if n := counted("heald_requests_total", a.dialect.Name()); n != 1 {
			t.Errorf("%s %s: counted %v times", c.method, c.path, n)
		}
		if c.method == "GET" && len(reply.Body) == 0 && c.status != 204 {
			t.Errorf("%s %s: no body", c.method, c.path)
		}
		for _, line := range r.log.All() {
			if line.Level > zap.InfoLevel {
				t.Errorf("%s %s: logged as %s: %s", c.method, c.path, line.Level, line.Message)
			}
		}
	}
}

// A probe that goes around the outer listener learns nothing.
func TestProbeNeedsHop(t *testing.T) {
	for _, method := range []string{"GET", "OPTIONS"} {
		reply := newRig(t, func(cfg *Config) { cfg.Hop = "a hop secret" }).headOnly(method, "/").RequestHeaders()
		if reply == nil || reply.Reason != heal.ReasonHop {
			t.Errorf("%s: %+v", method, reply)
		}
	}
}

const webApp = "https://chat.example.com"

// Leave to go on is for listed origins alone. Others are answered as before:
// pages of this machine without it, pages of other sites with a refusal.
func TestPreflight(t *testing.T) {
	for _, c := range []struct {
		origin  string
		origins []string
		status  int
		leave   bool
	}{
		{"https://evil.example", nil, 403, false},
		{"https://evil.example", []string{webApp}, 403, false},
		{"null", []string{webApp}, 403, false},
		{"http://localhost:3000", nil, 204, false},
		{"app://obsidian.md", []string{webApp}, 204, false},
		{webApp, []string{"https://other.example", webApp}, 204, true},
		{"http://localhost:3000", []string{"http://localhost:3000"}, 204, true},
		{"https://evil.example", []string{"*"}, 204, true},
	} {
		reply := newRig(t, func(cfg *Config) { cfg.Browsers.Origins = c.origins }).headOnly("OPTIONS", "/v1/messages", "origin", c.origin,
			"access-control-request-method", "POST", "access-control-request-headers", "authorization,content-type", "access-control-request-private-network", "true").RequestHeaders()
		if reply == nil || reply.Status != c.status || (reply.Reason == heal.ReasonPreflight) != (c.status == 204) {
			t.Fatalf("%s of %v: %+v", c.origin, c.origins, reply)
		}
		want := map[string]string{"access-control-allow-origin": c.origin, "access-control-allow-headers": "authorization,content-type",
			"access-control-allow-methods": methods, "access-control-allow-private-network": "true", "vary": "origin"}
		for name, value := range want {
			if !c.leave {
				value = ""
			}
			if got := reply.Headers.Get(name); got != value {
				t.Errorf("%s of %v: %s is %q, want %q", c.origin, c.origins, name, got, value)
			}
		}
	}
}

// With keys a preflight is answered anyway: it has none.
func TestPreflightWithKeys(t *testing.T) {
	for _, origin := range []string{webApp, "https://evil.example"} {
		r := newRig(t, func(cfg *Config) {
			cfg.ClientKeys, cfg.Browsers.Origins = []string{"a key of sixteen and more"}, []string{webApp}
		})
		reply := r.headOnly("OPTIONS", "/v1/messages", "origin", origin, "access-control-request-method", "POST").RequestHeaders()
		if reply == nil || reply.Status != 204 || (reply.Headers.Get("access-control-allow-origin") == origin) != (origin == webApp) {
			t.Errorf("%s: %+v", origin, reply)
		}
	}
}

// A page of a listed origin can read every reply: answers, errors of each
// stage, local answers. Pages of this machine that are not listed cannot.
func TestRepliesAreReadable(t *testing.T) {
	for origin, want := range map[string]string{webApp: webApp, "http://localhost:3000": "", "": ""} {
		var header []string
		if origin != "" {
			header = []string{"origin", origin}
		}
		for name, play := range map[string]func(r rig) policies.Headers{
			"answer": func(r rig) policies.Headers {
				a := r.begin(1, "", header...)
				send(t, a, ask)
				return answerWith(a, 200, hello+stop).Head.Set
			},
			"document": func(r rig) policies.Headers {
				a := r.begin(1, "", header...)
				send(t, a, askWhole)
				return answerWith(a, 200, hello+stop).Head.Set
			},
			"error upstream": func(r rig) policies.Headers {
				a := r.begin(1, "", header...)
				send(t, a, ask)
				return answerWith(a, 503, overload).Reply.Headers
			},
			"bad body": func(r rig) policies.Headers {
				a := r.begin(1, "", header...)
				a.RequestHeaders()
				_, reply := a.RequestBody(context.Background(), []byte("{"))
				return reply.Headers
			},
			"unknown path": func(r rig) policies.Headers {
				return r.headOnly("POST", "/nope", header...).RequestHeaders().Headers
			},
			"model list": func(r rig) policies.Headers {
				return r.headOnly("GET", "/v1/models", header...).RequestHeaders().Headers
			},
			"fault of heald": func(r rig) policies.Headers {
				return r.Refuse(r.begin(1, "", header...).in, &policies.Fault{Verdict: policies.Fail, Reason: heal.ReasonPanic}).Headers
			},
		} {
			got := play(newRig(t, func(cfg *Config) { cfg.Browsers.Origins = []string{webApp} }))
			if o := got.Get("access-control-allow-origin"); o != want {
				t.Errorf("%s for %q: may be read by %q, want %q", name, origin, o, want)
			}
			if exposes := strings.Contains(got.Get("access-control-expose-headers"), policies.HeaderClientRequestID); exposes != (want != "") {
				t.Errorf("%s for %q: exposes headers: %v", name, origin, exposes)
			}
		}
	}
}

// A wrong key is an error that the page can read, too.
func TestRefusalIsReadable(t *testing.T) {
	r := newRig(t, func(cfg *Config) {
		cfg.ClientKeys, cfg.Browsers.Origins = []string{"a key of sixteen and more"}, []string{webApp}
		cfg.Accounts = []account.Account{{ID: "a-1", Backend: "a", Secret: account.NewSecret("k")}, {ID: "b-1", Backend: "b", Scheme: account.Bearer, Secret: account.NewSecret("t")}}
	})
	reply := r.begin(1, "", "origin", webApp).RequestHeaders()
	if reply == nil || reply.Status != 401 || reply.Headers.Get("access-control-allow-origin") != webApp {
		t.Errorf("%+v", reply)
	}
}

// HEAD asks whether there is a list, as some clients do first.
func TestModelListByHead(t *testing.T) {
	for _, path := range []string{"/v1/models", "/v1beta/models/"} {
		if reply := newRig(t, nil).headOnly("HEAD", path).RequestHeaders(); reply == nil || reply.Status != 200 || reply.Reason != heal.ReasonModelList {
			t.Errorf("%s: %+v", path, reply)
		}
	}
}
