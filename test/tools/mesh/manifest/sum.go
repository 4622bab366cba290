package manifest

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// SumFile is the file beside a golden one that says from which manifests it was
// rendered. A test in test/e2e/mesh, which needs no tool of a mesh, compares it.
const SumFile = "manifests.sha256"

// WriteSums writes the sums of the manifests of each golden folder.
func WriteSums(goldens string, filesOf map[string][]string) error {
	for golden, files := range filesOf {
		var b strings.Builder
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "%x  %s/%s\n", sha256.Sum256([]byte(uncommented(string(text)))), filepath.Base(filepath.Dir(file)), filepath.Base(file))
		}
		if err := os.WriteFile(filepath.Join(goldens, golden, SumFile), []byte(b.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// uncommented is a text without lines that are empty or comments of YAML.
func uncommented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if trimmed := strings.TrimSpace(line); trimmed != "" && !strings.HasPrefix(trimmed, "#") {
			b.WriteString(line)
		}
	}
	return b.String()
}
