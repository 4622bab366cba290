package prometheus

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/stack"
)

// program finds a program that make prometheus has installed. Without it a test is
// left out, but in CI fails.
func program(t testing.TB, name string) string {
	t.Helper()
	found, _ := filepath.Glob(filepath.Join(stack.Root(), ".tools", "prometheus-*", "bin", name))
	if len(found) == 0 {
		stack.Missing(t, "Prometheus is missing: run make prometheus")
	}
	return found[len(found)-1]
}

// Promtool runs promtool with input, and returns what it wrote and whether it
// succeeded.
func Promtool(t testing.TB, input string, args ...string) (output string, succeeded bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, "promtool"), args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// Rules is the path of rules.yaml.
func Rules() string { return filepath.Join(stack.Root(), "envoy", "observability", "rules.yaml") }
