// These tests run envoy.yaml, with other addresses, in real Envoys against a
// scripted sidecar and a provider of the test's own.
package envoy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/envoy/locate"
	"github.com/heald-proxy/heald/envoy/proc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gateway is a running envoy.yaml.
type gateway struct {
	url   string
	envoy *proc.Process
	log   *bytes.Buffer // the access log; complete once stop has returned

	stop func()
}

// each runs a test with every supported Envoy.
func each(t *testing.T, run func(t *testing.T, binary string)) {
	for _, version := range locate.Versions {
		t.Run("envoy-"+version, func(t *testing.T) {
			binary, err := locate.Find(version)
			if err != nil {
				if os.Getenv("CI") == "true" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			run(t, binary)
		})
	}
}

// start runs Envoy with p; edits are pairs of old and new text.
func start(t *testing.T, binary string, p bootstrap.Params, edits ...string) *gateway {
	t.Helper()
	p.Listen, p.Admin, p.AccessLog = "127.0.0.1:0", "127.0.0.1:0", true
	b, err := bootstrap.Render(p)
	if err != nil {
		t.Fatal(err)
	}
	text, err := bootstrap.YAML(b)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(edits); i += 2 {
		if !bytes.Contains(text, []byte(edits[i])) {
			t.Fatalf("no %q in\n%s", edits[i], text)
		}
		text = bytes.Replace(text, []byte(edits[i]), []byte(edits[i+1]), 1)
	}
	g := &gateway{log: &bytes.Buffer{}}
	e, err := proc.Start(context.Background(), proc.Options{Binary: binary, YAML: text, Stdout: g.log, Args: []string{"--concurrency", "1"}})
	if err != nil {
		t.Fatal(err)
	}
	g.envoy = e
	g.stop = func() {
		if err := e.Stop(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(g.stop)
	address, err := e.Address(t.Context(), "outer")
	if err != nil {
		t.Fatal(err)
	}
	g.url = "http://" + address
	return g
}

// answer is a response as a client sees it.
type answer struct {
	status int
	header http.Header
	body   string
}

// message returns the text of an error in the form that Anthropic and OpenAI
// clients read.
func (a *answer) message(t *testing.T) string {
	t.Helper()
	var reply struct {
		Type  string
		Error struct{ Type, Message string }
	}
	if err := json.Unmarshal([]byte(a.body), &reply); err != nil || reply.Type != "error" || reply.Error.Type != "api_error" {
		t.Errorf("not a JSON error: %q, %v", a.body, err)
	}
	if got := a.header.Get("content-type"); got != "application/json" {
		t.Errorf("content-type is %q", got)
	}
	if got := a.header.Get("x-heald-request-id"); len(got) != len("00000000-0000-0000-0000-000000000000") {
		t.Errorf("x-heald-request-id is %q", got)
	}
	return reply.Error.Message
}

// noInternals reports headers that clients must not see.
func (a *answer) noInternals(t *testing.T) {
	t.Helper()
	for _, name := range []string{"x-heald-retry", "x-heald-retry-after", "x-heald-verdict", "x-heald-memory", "x-heald-cluster", "x-envoy-upstream-service-time"} {
		if v := a.header.Values(name); len(v) > 0 {
			t.Errorf("the client sees %s: %q", name, v)
		}
	}
}

func (g *gateway) post(t *testing.T, header map[string]string) *answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+"/v1/messages?key=secret", strings.NewReader("question"))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &answer{resp.StatusCode, resp.Header, string(body)}
}

// provider serves a handler and returns it as the backend that the scripted
// sidecar steers to.
func provider(t *testing.T, handler http.HandlerFunc) []bootstrap.Backend {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return []bootstrap.Backend{{Name: "fake", URL: server.URL}}
}

func TestHeadersStayInside(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		var got http.Header
		backends := provider(t, func(w http.ResponseWriter, r *http.Request) {
			got = r.Header.Clone()
			got.Set("host", r.Host)
			for _, name := range []string{"x-heald-retry", "x-heald-memory", "x-heald-verdict"} {
				w.Header().Set(name, "1") // a provider that speaks as heald
			}
			_, _ = io.WriteString(w, "good")
		})
		sidecar, address := newSidecar(t, pass)
		g := start(t, binary, bootstrap.Params{Sidecars: []string{address}, Backends: backends, Policy: "gold", Hop: "long secret"})
		client := map[string]string{"x-heald-session": "s1", "authorization": "Bearer k", "x-envoy-max-retries": "9", "x-forwarded-for": "8.8.8.8"}
		for _, name := range []string{"policy", "set", "backends", "hop", "memory", "cluster", "retry", "retry-after", "verdict"} {
			client["x-heald-"+name] = "evil"
		}
		a := g.post(t, client)
		if a.status != http.StatusOK || a.body != "good" || a.header.Get("x-heald-attempts") != "n" {
			t.Errorf("got %v", a)
		}
		a.noInternals(t)

		seen := sidecar.attempts()
		if len(seen) != 1 {
			t.Fatalf("%d attempts, want 1", len(seen))
		}
		want := map[string]string{"x-heald-policy": "gold", "x-heald-hop": "long secret", "x-heald-session": "s1", "x-envoy-attempt-count": "1", "authorization": "Bearer k"}
		for name, v := range want {
			if seen[0][name] != v {
				t.Errorf("heald sees %s: %q, want %q", name, seen[0][name], v)
			}
		}
		for name, v := range seen[0] {
			if v == "evil" || name == "x-envoy-max-retries" {
				t.Errorf("heald sees the client's %s", name)
			}
		}
		for name := range got {
			if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-") {
				t.Errorf("the provider sees %s: %q", name, got.Values(name))
			}
		}
		if got.Get("host") != "provider.example" {
			t.Errorf("the provider sees the host %q", got.Get("host"))
		}

		g.stop()
		var line map[string]any
		if err := json.Unmarshal(g.log.Bytes(), &line); err != nil {
			t.Fatalf("access log: %v in %q", err, g.log)
		}
		if line["status"] != float64(200) || line["attempts"] != "n" || line["path"] != "/v1/messages" {
			t.Errorf("access log: %v", line)
		}
		if strings.Contains(g.log.String(), "secret") {
			t.Errorf("the access log shows a secret: %s", g.log)
		}
	})
}

func TestRetries(t *testing.T) {
	tests := []struct {
		name     string
		plans    []plan
		attempts int
		status   int
		body     string // "" if a JSON error
		message  string
		memory   string // seen by the last attempt
	}{
		{"mark, then good", []plan{mark, pass}, 2, 200, "good", "", "m1"},
		{"death, then good", []plan{die, pass}, 2, 200, "good", "", ""},
		{"marked to the end", []plan{mark}, 5, 529, "heald says retry", "", "m1"},
		{"dead to the end", []plan{die}, 5, 503, "", "temporarily unavailable", ""},
		{"final", []plan{fail}, 1, 400, "heald says fail", "", ""},
	}
	each(t, func(t *testing.T, binary string) {
		backends := provider(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "good") })
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				sidecar, address := newSidecar(t, tt.plans...)
				g := start(t, binary, bootstrap.Params{Sidecars: []string{address}, Backends: backends})
				a := g.post(t, nil)
				seen := sidecar.attempts()
				if a.status != tt.status || len(seen) != tt.attempts {
					t.Errorf("got status %d after %d attempts, want %d after %d: %s", a.status, len(seen), tt.status, tt.attempts, a.body)
				}
				if tt.body != "" && a.body != tt.body {
					t.Errorf("got %q, want %q", a.body, tt.body)
				}
				if tt.body == "" {
					if got := a.message(t); !strings.Contains(got, tt.message) {
						t.Errorf("got message %q, want one with %q", got, tt.message)
					}
				}
				a.noInternals(t)
				if len(seen) > 0 && seen[len(seen)-1]["x-heald-memory"] != tt.memory {
					t.Errorf("the last attempt sees the memory %q, want %q", seen[len(seen)-1]["x-heald-memory"], tt.memory)
				}
				for i, s := range seen {
					if s["x-request-id"] != seen[0]["x-request-id"] || s["x-envoy-attempt-count"] != string(rune('1'+i)) {
						t.Errorf("attempt %d has id %q and count %q", i+1, s["x-request-id"], s["x-envoy-attempt-count"])
					}
				}
			})
		}
	})
}

// The provider breaks off while the sidecar holds its answer back.
func TestBrokenProvider(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		var calls atomic.Int32
		backends := provider(t, func(w http.ResponseWriter, _ *http.Request) {
			calls.Add(1)
			w.Header().Set("content-length", "100")
			_, _ = io.WriteString(w, "begun")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		})
		_, address := newSidecar(t, hold)
		g := start(t, binary, bootstrap.Params{Sidecars: []string{address}, Backends: backends})
		a := g.post(t, nil)
		if a.status < 500 || calls.Load() != 5 {
			t.Errorf("got status %d after %d calls, want 5xx after 5", a.status, calls.Load())
		}
		got := a.message(t)
		if !strings.Contains(got, "provider ended the connection") || strings.Contains(got, "gateway") {
			t.Errorf("got message %q", got)
		}
		a.noInternals(t)
	})
}

func TestNoSidecar(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		g := start(t, binary, bootstrap.Params{Sidecars: []string{"127.0.0.1:1"}})
		a := g.post(t, nil)
		if got := a.message(t); a.status != 503 || !strings.Contains(got, "temporarily unavailable") {
			t.Errorf("got %d %q", a.status, got)
		}
		a.noInternals(t)
	})
}

// A mark alone must do where an outer route cannot look for a missing stamp.
func TestMarkWithoutStamp(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		backends := provider(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "good") })
		sidecar, address := newSidecar(t, die, pass)
		g := start(t, binary, bootstrap.Params{Sidecars: []string{address}, Backends: backends},
			"name: x-heald-verdict\n", "name: x-never\n", "present_match: true\n", "present_match: true\n", "invert_match: true\n", "invert_match: false\n")
		if a := g.post(t, nil); a.status != 200 || len(sidecar.attempts()) != 2 {
			t.Errorf("got %d after %d attempts", a.status, len(sidecar.attempts()))
		}
	})
}

func TestTooLarge(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		const route = "                        - name: llm\n"
		g := start(t, binary, bootstrap.Params{}, route,
			"                        - {name: big, match: {prefix: /}, direct_response: {status: 413}}\n"+route)
		a := g.post(t, nil)
		if a.status != 413 || !strings.Contains(a.body, `"type":"request_too_large"`) || a.header.Get("content-type") != "application/json" {
			t.Errorf("got %v", a)
		}
	})
}

// What the outer listener says itself is readable too.
func TestOuterErrors(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		g := start(t, binary, bootstrap.Params{}, "server_listener_name: inner", "server_listener_name: nothing")
		a := g.post(t, nil)
		if got := a.message(t); a.status != 503 || !strings.Contains(got, "upstream_reset_before_response_started") {
			t.Errorf("got %d %q", a.status, got)
		}
		a.noInternals(t)
	})
}
