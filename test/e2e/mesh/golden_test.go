package mesh

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The golden dumps are of the manifests as they are: whoever changes one of them
// without `make mesh-render UPDATE=1`, which takes the meshes' own tools, would test
// what nobody applies. Comments may change.
func TestGoldensAreOfTheManifests(t *testing.T) {
	folders, err := os.ReadDir("testdata")
	if err != nil || len(folders) < len(Forms) {
		t.Fatalf("%d folders, %v", len(folders), err)
	}
	compared := map[string]bool{}
	for _, folder := range folders {
		sums, err := os.ReadFile(filepath.Join("testdata", folder.Name(), "manifests.sha256"))
		if err != nil {
			t.Errorf("%v; make mesh-render UPDATE=1 writes it", err)
			continue
		}
		for line := range strings.Lines(string(sums)) {
			want, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
			text, err := os.ReadFile(filepath.Join("..", "..", "..", "envoy", filepath.FromSlash(name)))
			if err != nil {
				t.Errorf("%s: %v", folder.Name(), err)
				continue
			}
			compared[folder.Name()] = true
			if got := fmt.Sprintf("%x", sha256.Sum256([]byte(uncommented(string(text))))); got != want {
				t.Errorf("%s was rendered from another envoy/%s: run make mesh-render UPDATE=1", folder.Name(), name)
			}
		}
		if !compared[folder.Name()] {
			t.Errorf("%s: of no manifest", folder.Name())
		}
	}
	for _, f := range Forms {
		if !compared[f.Name] {
			t.Errorf("the form %s has no golden dump", f.Name)
		}
	}
}

// uncommented is a text without lines that are empty or comments of YAML, as the
// package test/tools/mesh/manifest has it.
func uncommented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if trimmed := strings.TrimSpace(line); trimmed != "" && !strings.HasPrefix(trimmed, "#") {
			b.WriteString(line)
		}
	}
	return b.String()
}
