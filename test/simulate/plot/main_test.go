package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Pictures come of what the simulation writes, with all names in them.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	if err := run(dir); err == nil || !strings.Contains(err.Error(), "make simulate") {
		t.Errorf("without results: %v, want what to do", err)
	}
	data := `[{"scenario":"steady","policy":"random","of_bound":0.9},{"scenario":"steady","policy":"heald","of_bound":1}]`
	if err := os.WriteFile(filepath.Join(dir, "simulate.json"), []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(dir); err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(filepath.Join(dir, "simulate.svg"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"steady", "random", "heald", "99th percentile"} {
		if !bytes.Contains(svg, []byte(name)) {
			t.Errorf("the picture has no %q", name)
		}
	}
	png, err := os.ReadFile(filepath.Join(dir, "simulate.png"))
	if err != nil || !bytes.HasPrefix(png, []byte("\x89PNG")) {
		t.Errorf("simulate.png: %v, %.8q", err, png)
	}
}
