package configdump

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Golden compares a rendering with its file, or writes the file if update says
// so. The error names the first line that differs.
func Golden(path string, got []byte, update bool) error {
	if update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, got, 0o644)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("%w (make mesh-render UPDATE=1 writes it)", err)
	}
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			line := "nothing"
			if i < len(w) {
				line = strings.TrimSpace(w[i])
			}
			return fmt.Errorf("%s:%d: it has %s, the manifests now render to %s (make mesh-render UPDATE=1 takes that)", path, i+1, line, strings.TrimSpace(g[i]))
		}
	}
	if len(w) > len(g) {
		return fmt.Errorf("%s: the manifests now render to less than that (make mesh-render UPDATE=1 takes that)", path)
	}
	return nil
}
