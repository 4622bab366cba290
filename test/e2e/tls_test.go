package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/heald-proxy/heald/test/authority"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// secured adds envoy/heald-tls.yaml to the cluster heald of a configuration.
func secured(t *testing.T, config, cert, key, ca string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(stack.Root(), "envoy", "heald-tls.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	snippet := strings.NewReplacer("/etc/envoy/tls/envoy.pem", cert, "/etc/envoy/tls/envoy.key", key, "/etc/envoy/tls/ca.pem", ca).Replace(string(text))
	var all, add map[string]any
	if err := yaml.Unmarshal([]byte(snippet), &add); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(config), &all); err != nil {
		t.Fatal(err)
	}
	for _, c := range all["static_resources"].(map[string]any)["clusters"].([]any) {
		if c := c.(map[string]any); c["name"] == "heald" {
			c["transport_socket"] = add["transport_socket"]
		}
	}
	out, err := yaml.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// Envoy's certificate is asked for, and its name; health checks pass too.
func TestMutualTLS(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		ca := authority.New(t)
		cert, key := ca.Issue("heald", "heald.example")
		envoy, envoyKey := ca.Issue("envoy", "spiffe://cluster.local/ns/gateway/sa/envoy")
		for name, allow := range map[string]string{"allowed": "spiffe://cluster.local/ns/gateway/sa/envoy", "not allowed": "spiffe://cluster.local/ns/other/sa/x"} {
			t.Run(name, func(t *testing.T) {
				s := stack.Start(t, stack.Options{
					Envoy:  version,
					Config: fmt.Sprintf("listen: {tls: {cert: %q, key: %q, client_ca: %q, allow: [%q]}}\n", cert, key, ca.File, allow),
					Edit:   func(config string) string { return secured(t, config, envoy, envoyKey, ca.File) },
				})
				if name == "allowed" {
					healthy(t, s, 1)
					s.Fake().Enqueue(fakegemini.Text("hello"))
					if text, err := answerText(s.Post(messages, turn(model, "hi", false)), false); err != nil || text != "hello" {
						t.Errorf("%q, %v", text, err)
					}
					return
				}
				if got := s.Post(messages, turn(model, "hi", false)); got.Status != 503 || len(s.Fake().Requests()) != 0 {
					t.Errorf("%d %s", got.Status, got.Body)
				}
				if lines, err := s.Replicas[0].Log.Wait(patient(t), 1, "connection refused: the TLS handshake failed"); err != nil || !strings.Contains(lines[0].Get("error"), "listen.tls.allow") {
					t.Errorf("%v %v", lines, err)
				}
			})
		}
	})
}
