package chart

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/heald-proxy/heald/envoy/locate"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

func TestMain(m *testing.M) {
	code := m.Run()
	stack.Cleanup()
	os.Exit(code)
}

// get returns the status of a GET, 0 if there is no answer.
func get(url, token string) int {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return -1
	}
	if token != "" {
		req.Header.Set("authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

// ask sends a message with a client's key and returns the answer, which the caller
// reads.
func (p *pod) ask(key string) *http.Response {
	p.t.Helper()
	const body = `{"model":"gemini-3.5-flash","max_tokens":1000,"stream":true,"messages":[{"role":"user","content":"hello"}]}`
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, "http://"+p.client+"/v1/messages", strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("x-api-key", key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	return res
}

func (p *pod) answer(key string) (status int, body string) {
	p.t.Helper()
	res := p.ask(key)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// The life of a pod of `helm install --set envoy.enabled=true,geminiApiKey=…`: it
// starts, its probes and its key work, an empty reply is healed, a new Secret and a
// new ConfigMap are taken without a restart, and it ends after its last stream.
func TestGatewayPod(t *testing.T) {
	envoy := stack.EnvoyBinary(t, locate.Versions[0])
	heald := stack.PlainBinary(t)
	fake := fakegemini.Start(t, fakegemini.Options{Keys: []string{"the-first-gemini-api-key-of-at-least-32-bytes", "the-second-gemini-api-key"}})
	p := newPod(t, "gateway.yaml", fake.URL())

	p.start("envoy-config", heald).wait(t)
	if info, err := os.Stat(filepath.Join(p.dir, "run/envoy/envoy.yaml")); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	proxy := p.start("envoy", envoy)
	healthz := "http://" + p.client + "/healthz"
	until(t, "Envoy is alive, and not ready without a heald", func() bool { return get(healthz, "") == http.StatusServiceUnavailable })
	side := p.start("heald", heald)
	admin := "http://" + p.admin
	until(t, "heald is alive and ready, and so is Envoy", func() bool {
		return get(admin+"/livez", "") == 200 && get(admin+"/readyz", "") == 200 && get(healthz, "") == 200
	})
	if open, closed := get(admin+"/metrics", p.secrets["admin-token"]), get(admin+"/metrics", ""); open != 200 || closed != 401 {
		t.Errorf("metrics: %d with the token, %d without", open, closed)
	}

	until(t, "Prometheus reads what the alert HealdNoReplicaHealthy needs", func() bool {
		res, err := http.Get("http://" + p.metrics + "/stats/prometheus")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		return strings.Contains(string(text), `envoy_cluster_membership_healthy{envoy_cluster_name="heald"} 1`)
	})
	if status := get("http://"+p.metrics+"/config_dump", ""); status != 404 {
		t.Errorf("the rest of the admin interface: %d", status)
	}

	fake.Enqueue(fakegemini.EmptyOK(), fakegemini.Text("healed"))
	if status, body := p.answer(p.secrets["client-key"]); status != 200 || !strings.Contains(body, "healed") {
		t.Errorf("%d: %s", status, body)
	}
	if status, _ := p.answer("a stranger's"); status != 401 {
		t.Errorf("a stranger gets %d", status)
	}

	old := p.secrets["client-key"]
	p.secrets["client-key"], p.secrets["gemini-api-key"] = "the-second-client-key", "the-second-gemini-api-key"
	p.mountSecrets()
	until(t, "the new Secret counts", func() bool { status, _ := p.answer(old); return status == 401 })
	if status, body := p.answer(p.secrets["client-key"]); status != 200 {
		t.Errorf("with the new key: %d %s", status, body)
	}
	if got := fake.Requests(); got[len(got)-1].Key != p.secrets["gemini-api-key"] {
		t.Errorf("the provider got %q", got[len(got)-1].Key)
	}
	p.mountConfig(p.healdYAML + "browsers: {origins: [\"https://chat.example\"]}\n")
	until(t, "the new ConfigMap counts", func() bool { return strings.Count(side.log.String(), "configuration loaded") == 3 })

	fake.Enqueue(fakegemini.Text("one ", "two ", "three ", "four ", "five ", "six ", "seven ", "eight").Slow(500 * time.Millisecond))
	res := p.ask(p.secrets["client-key"])
	defer res.Body.Close()
	first := make([]byte, 1)
	if _, err := io.ReadFull(res.Body, first); err != nil {
		t.Fatal(err)
	}
	// heald first, since Envoy is a sidecar container. Whoever still comes to this pod
	// is told to try again.
	if err := side.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	until(t, "Envoy has noticed", func() bool { return get(healthz, "") == http.StatusServiceUnavailable })
	until(t, "a late request is told to come again", func() bool {
		late := p.ask(p.secrets["client-key"])
		late.Body.Close()
		return late.StatusCode == http.StatusServiceUnavailable
	})
	rest, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(rest), "eight") || !strings.Contains(string(rest), "message_stop") {
		t.Errorf("the last stream: %v %s", err, rest)
	}
	side.wait(t)
	proxy.end(t)
}
