package bootstrap

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/heald-proxy/heald/envoy/locate"
)

// accept lets every supported Envoy validate a configuration.
func accept(t *testing.T, config []byte) {
	t.Helper()
	for _, version := range locate.Versions {
		t.Run("envoy-"+version, func(t *testing.T) {
			binary, err := locate.Find(version)
			if err != nil {
				if os.Getenv("CI") == "true" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			file := filepath.Join(t.TempDir(), "envoy.yaml")
			if err := os.WriteFile(file, config, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), binary, "--mode", "validate", "-c", file, "--disable-hot-restart", "-l", "warn")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s\n%s", err, out, config)
			}
		})
	}
}
