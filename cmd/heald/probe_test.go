package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/cmd/heald/config"
)

// gateway plays outer listener, inner listener and heald: it sends a request on
// as often as it should, and returns the last answer.
type gateway struct {
	attempts int
	path     string // at the backend
	leaks    string // an internal header that reaches the backend
	status   int    // of the answer, if not the backend's
	body     string
	header   http.Header // for the client
	backend  string
	t        *testing.T
}

func (g gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		g.t.Error(err)
	}
	if r.URL.Path != "/v1/messages" || r.Header.Get("x-api-key") != "a key of the probe" {
		g.t.Errorf("asked for %s with the key %q", r.URL.Path, r.Header.Get("x-api-key"))
	}
	status, answer := g.status, []byte(g.body)
	for range g.attempts {
		req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, "http://"+g.backend+g.path, bytes.NewReader(body))
		if err != nil {
			g.t.Error(err)
			return
		}
		if g.leaks != "" {
			req.Header.Set(g.leaks, "1")
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			g.t.Error(err)
			return
		}
		got, err := io.ReadAll(resp.Body)
		if err != nil {
			g.t.Error(err)
		}
		_ = resp.Body.Close() // it was read
		if g.status == 0 {
			status, answer = resp.StatusCode, got
		}
	}
	for name := range g.header {
		w.Header().Set(name, g.header.Get(name))
	}
	w.WriteHeader(status)
	_, _ = w.Write(answer) // the test sees what came
}

func TestProbe(t *testing.T) {
	t.Setenv("KEY", "k")
	t.Setenv(probeKey, "a key of the probe")
	const generate, stream = "/v1beta/models/heald-probe:generateContent", "/v1beta/models/heald-probe:streamGenerateContent"
	byHeald := func(more ...string) http.Header {
		h := http.Header{"X-Heald-Attempts": {"2"}}
		for i := 0; i < len(more); i += 2 {
			h.Set(more[i], more[i+1])
		}
		return h
	}
	for _, c := range []struct {
		name string
		gateway
		says []string // the last is the problem; none if the first is "good"
	}{
		{"good", gateway{attempts: 2, path: generate, header: byHeald()}, []string{"good", "seen:   the answer of attempt 2 reached the client: status 200"}},
		{"good stream", gateway{attempts: 2, path: stream, header: byHeald()}, []string{"good", "seen:   the first answer was empty"}},
		{"no route", gateway{status: 404, body: "no route"}, []string{"missed: outer listener → inner listener → heald", "the request did not reach heald, the client got status 404"}},
		{"dead heald", gateway{status: 503, header: http.Header{"X-Heald-Request-Id": {"1"}}}, []string{"the request did not reach heald, the client got status 503"}},
		{"Envoy's own reply", gateway{status: 503, header: http.Header{"X-Heald-Request-Id": {"1"}}, body: `{"error":{"message":"gateway: no_healthy_upstream{x}"}}`},
			[]string{"missed: outer listener → inner listener → heald", "the request did not reach heald, the client got status 503"}},
		{"wrong hop secret", gateway{status: 403, body: `{"error":{"message":"gateway: the request did not come through the outer route"}}`},
			[]string{"seen:   outer listener → inner listener → heald", "heald sent nothing to the backend probe, the client got status 403"}},
		{"refused by heald", gateway{status: 401, header: byHeald("x-heald-attempts", "1"), body: `{"error":{"message":"no such key"}}`},
			[]string{"seen:   outer listener → inner listener → heald", "missed: heald → backend probe", "the route of x-heald-cluster: google", "heald sent nothing to the backend probe, the client got status 401"}},
		{"another backend", gateway{status: 200, header: byHeald("x-heald-backend", "a")}, []string{`heald asked the backend "a" and not "probe"`}},
		{"past heald", gateway{attempts: 1, path: "/v1/messages"}, []string{"the request reached the backend untranslated, at /v1/messages"}},
		{"no retry", gateway{attempts: 1, path: generate, status: 529, header: byHeald("x-heald-attempts", "1"), body: `{"error":{"message":"empty answer"}}`},
			[]string{"missed: the first answer was empty", "the outer listener did not repeat what heald marked, the client got status 529"}},
		{"answer lost", gateway{attempts: 2, path: generate, status: 503, header: byHeald()}, []string{"the good answer did not reach the client, which got status 503"}},
		{"not counted", gateway{attempts: 2, path: generate, header: byHeald("x-heald-attempts", "1")}, []string{"heald counted 1 attempts of 2"}},
		{"attempts elsewhere", gateway{attempts: 2, path: generate, header: byHeald("x-heald-attempts", "3")}, []string{"of 3 attempts 2 reached the probe"}},
		{"internal header to the client", gateway{attempts: 2, path: generate, header: byHeald("x-heald-verdict", "pass")}, []string{"x-heald-verdict reached the client"}},
		{"internal header to the provider", gateway{attempts: 2, path: generate, leaks: "x-heald-memory", header: byHeald()}, []string{"x-heald-memory reached the backend"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			c.backend, c.t = l.Addr().String(), t
			_ = l.Close() // it was only needed for its port
			s := httptest.NewServer(c.gateway)
			defer s.Close()
			config := write(t, "heald.yaml", fmt.Sprintf("backends: [{name: a, kind: ai_studio}, {name: probe, kind: ai_studio, cluster: google, url: 'http://%s', models: [heald-probe]}]\n"+
				"accounts: [{backend: a, secret: {env: KEY}}, {backend: probe, secret: {env: KEY}}]\n"+fmt.Sprintf(probeAlias, "probe")+"\n", c.backend))
			code, out, errs := heald(t, "check", "--config", config, "--probe", s.URL)
			good := c.says[0] == "good"
			if good {
				c.says = c.says[1:]
			}
			if (code == exitOK) != good || good != strings.Contains(out, "no problems") {
				t.Errorf("ended with %d", code)
			}
			for i, want := range c.says {
				if i == len(c.says)-1 && !good {
					want = "problem: probe: " + want
				}
				if !strings.Contains(out, want) {
					t.Errorf("does not say %q", want)
				}
			}
			if strings.Contains(out+errs, "a key of the probe") {
				t.Error("shows the key")
			}
			if t.Failed() {
				t.Log(out, errs)
			}
		})
	}
}

// The probe asks for the first name that leads to its backend and to no other.
func TestProbeModel(t *testing.T) {
	const two = "backends: [{name: a, kind: ai_studio%s}, {name: probe, kind: ai_studio%s}]\n"
	for _, c := range []struct{ name, a, probe, aliases, want string }{
		{"nothing", ", models: [x]", "", "", ""},
		{"a model of its own", ", models: [x]", ", models: [own]", "", "own"},
		{"the first of several", ", models: [x]", ", models: [own, also]", "", "also"},
		{"one that another has as well", ", models: [own]", ", models: [own]", "", ""},
		{"one that another may have", "", ", models: [own]", "", ""},
		{"a pattern", ", models: [x]", ", models: ['own-*']", "", ""},
		{"an alias", "", ", models: [own]", "{z: [{model: own, backend: probe}], y: [{model: own, backend: probe}]}", "y"},
		{"an alias to anywhere", "", ", models: [own]", "{y: [own]}", ""},
		{"an alias that goes on elsewhere", "", ", models: [own]", "{y: [{model: own, backend: probe}, {model: own, backend: a}]}", ""},
		{"an alias that goes on there", "", ", models: [own]", "{y: [{model: own, backend: probe}, {model: other, backend: probe}]}", "y"},
		{"an alias by a pattern", "", ", models: [own]", "{'y*': [{model: own, backend: probe}]}", ""},
		{"a model that is an alias", ", models: [x]", ", models: [own]", "{own: [{model: x, backend: a}]}", ""},
	} {
		text := fmt.Sprintf(two, c.a, c.probe)
		if c.aliases != "" {
			text += "models: {aliases: " + c.aliases + "}\n"
		}
		cfg, err := config.Parse([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := modelFor(cfg, &cfg.Backends[1]); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	for in, want := range map[string]string{
		"http://127.0.0.1:18099": "127.0.0.1:18099", "http://host": "host:80", "http://host/": "host:80", "http://[::1]:1": "[::1]:1",
		"https://host:1": "", "http://": "", "http://host/v1": "", "host:1": "", "://": "",
	} {
		if got := hostPort(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// What is missing in heald.yaml is said before anything is sent.
func TestProbeSetUp(t *testing.T) {
	t.Setenv("KEY", "k")
	const accounts = "accounts: [{backend: a, secret: {env: KEY}}, {backend: probe, secret: {env: KEY}}]\n"
	alias := accounts + fmt.Sprintf(probeAlias, "probe") + "\n"
	outer := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") }))
	defer outer.Close()
	for name, c := range map[string]struct{ config, says string }{
		"no backend":             {minimal, `heald.yaml has no backend "probe"`},
		"no model":               {"backends: [{name: a, kind: ai_studio}, {name: probe, kind: ai_studio, url: 'http://127.0.0.1:1'}]\n" + accounts, `no model leads to the backend "probe" alone`},
		"others serve the model": {"backends: [{name: a, kind: ai_studio}, {name: probe, kind: ai_studio, models: [heald-probe], url: 'http://127.0.0.1:1'}]\n" + accounts, `no model leads to the backend "probe" alone`},
		"no url":                 {"backends: [{name: a, kind: ai_studio}, {name: probe, kind: ai_studio, models: [heald-probe]}]\n" + alias, "is not http://host:port"},
		"port taken":             {"backends: [{name: a, kind: ai_studio}, {name: probe, kind: ai_studio, models: [heald-probe], url: '" + outer.URL + "'}]\n" + alias, "cannot answer at "},
	} {
		code, out, errs := heald(t, "check", "--config", write(t, "heald.yaml", c.config), "--probe", outer.URL)
		if code != exitProblems || !strings.Contains(out, c.says) || !strings.Contains(out, "no request was sent") {
			t.Errorf("%s: %d\n%s%s", name, code, out, errs)
		}
	}
	if code, _, errs := heald(t, "check", "--config", write(t, "heald.yaml", minimal), "--probe", "127.0.0.1:10000"); code != exitUsage || !strings.Contains(errs, "--probe") {
		t.Errorf("%d\n%s", code, errs)
	}
}
