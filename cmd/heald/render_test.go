package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fixture"
)

// meshSecrets are what the heald.yaml of the examples names.
func meshSecrets(t *testing.T) {
	t.Helper()
	for name, secret := range map[string]string{
		"HEALD_ADMIN_TOKEN": strings.Repeat("a", 36), "HEALD_HOP_SECRET": "hop-secret-of-the-examples", "HEALD_MEMORY_KEY": strings.Repeat("0", 36),
		"HEALD_CLIENT_KEY": "client-key-of-the-examples", "GEMINI_API_KEY": "a credential of the tests", "REDIS_URL": "redis://127.0.0.1:6379",
	} {
		t.Setenv(name, secret)
	}
}

// meshExamples are the files of envoy/istio and envoy/gateway that heald render
// has written, and how.
var meshExamples = []struct{ file, command, config string }{
	{"istio/gateway.yaml", "istio", "heald.yaml"},
	{"istio/plain.yaml", "istio --heald-tls plain --heald heald.heald-outside.svc.cluster.local:9000", "heald.yaml"},
	{"istio/tls.yaml", "istio --heald-tls tls --heald heald.heald-outside.svc.cluster.local:9000", "heald.yaml"},
	{"istio/team.yaml", "istio --team search --host search.example.com --policy batch", "heald.yaml"},
	{"istio/sidecar.yaml", "istio --form sidecar --namespace search --selector app=search --heald heald.heald.svc.cluster.local:9000", "heald.yaml"},
	{"istio/namespace.yaml", "istio --form sidecar --namespace search --heald heald.heald.svc.cluster.local:9000", "heald.yaml"},
	{"gateway/portable.yaml", "envoy-gateway", "heald.yaml"},
	{"gateway/patched.yaml", "envoy-gateway --form patched", "heald-patched.yaml"},
	{"gateway/tls.yaml", "envoy-gateway --heald-tls tls --tls-secret llm-example-com --port 443", "heald.yaml"},
	{"gateway/team.yaml", "envoy-gateway --team search --host search.example.com --policy batch", "heald.yaml"},
}

// The examples are what heald render prints today for the heald.yaml beside them.
func TestExamplesOfMeshes(t *testing.T) {
	meshSecrets(t)
	for _, e := range meshExamples {
		file := filepath.Join("..", "..", "envoy", e.file)
		args := append([]string{"render"}, strings.Fields(e.command)...)
		code, out, errs := heald(t, append(args, "--config", filepath.Join(filepath.Dir(file), e.config))...)
		if code != exitOK {
			t.Errorf("%s: %d %s", e.file, code, errs)
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		fixture.Diff(t, file, want, []byte(out))
	}
}
