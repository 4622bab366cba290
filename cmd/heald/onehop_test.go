package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The shipped Envoy with one listener fits a heald.yaml with mode: one_hop. The
// commands whose Envoy has two say so.
func TestOneHopCommands(t *testing.T) {
	t.Setenv("KEY", "a credential of the tests")
	file := filepath.Join(t.TempDir(), "heald.yaml")
	const text = "mode: one_hop\nbackends: [{name: ai-studio, kind: ai_studio}]\naccounts: [{backend: ai-studio, secret: {env: KEY}}]\nclient_keys: [{env: KEY}]\n" +
		"listen: {grpc: [\"127.0.0.1:9000\"]}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, _ := heald(t, "check", "--config", file, "--envoy", "../../envoy/onehop.yaml")
	if code != exitOK || strings.Contains(out, "onehop.yaml") || strings.Contains(out, "static_resources") {
		t.Errorf("%d: %s", code, out)
	}
	if code, out, _ := heald(t, "check", "--config", file, "--envoy", "../../envoy/envoy.yaml"); code != exitProblems || !strings.Contains(out, "mode: one_hop") {
		t.Errorf("two listeners: %d: %s", code, out)
	}
	for command, want := range map[string]string{"envoy": "envoy/onehop.yaml", "up": "heald serve", "render istio": "envoy/onehop.yaml", "render envoy-gateway": "envoy/onehop.yaml"} {
		code, out, errs := heald(t, append(strings.Fields(command), "--config", file)...)
		if code == exitOK || !strings.Contains(errs, "mode") || !strings.Contains(errs, want) {
			t.Errorf("heald %s: %d: %s %s", command, code, out, errs)
		}
	}
}
