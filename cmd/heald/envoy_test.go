package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An init container writes the configuration to a file that only its owner reads.
func TestEnvoyIntoAFile(t *testing.T) {
	t.Setenv("KEY", "k")
	file, dir := write(t, "heald.yaml", minimal), t.TempDir()
	to := filepath.Join(dir, "envoy.yaml")
	_, printed, _ := heald(t, "envoy", "--config", file, "--heap-limit", "800MiB")
	if !strings.Contains(printed, `max_heap_size_bytes: "838860800"`) {
		t.Error("the heap limit is not in it")
	}
	for range 2 { // a restarted container finds the old file
		if code, out, errs := heald(t, "envoy", "--config", file, "--heap-limit", "838860800", "--output", to); code != exitOK || out != "" {
			t.Fatalf("%d: %s%s", code, out, errs)
		}
	}
	got, err := os.ReadFile(to)
	if err != nil || string(got) != printed {
		t.Errorf("another text than is printed: %v", err)
	}
	if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v %v", left, err)
	}
	for _, c := range []struct{ args, want string }{
		{"--output=/nowhere/envoy.yaml", "--output: "},
		{"--output=" + dir, "--output: "},
		{"--heap-limit=1MiB", "64 MiB"},
		{"--heap-limit=800MB", "KiB, MiB"},
	} {
		if code, _, errs := heald(t, "envoy", "--config", file, c.args); code == exitOK || !strings.Contains(errs, c.want) {
			t.Errorf("%s: %d %s", c.args, code, errs)
		}
	}
}
