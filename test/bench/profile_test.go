package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/heald-proxy/heald/test/stack"
)

func TestProfileOfAScenario(t *testing.T) {
	stack.EnvoyBinary(t, "")
	dir := filepath.Join(t.TempDir(), "made")
	var out, progress bytes.Buffer
	args := []string{profileCommand, "-heald", stack.Binary(t), "-seconds", "1", "-scenario", "sse-10", "-concurrency", "2", "-dir", dir}
	if code := run(context.Background(), args, &out, &progress); code != 0 {
		t.Fatalf("exit code %d\n%s", code, &progress)
	}
	data, err := os.ReadFile(filepath.Join(dir, "sse-10.pprof"))
	if err != nil {
		t.Fatal(err)
	}
	if gzip := []byte{0x1f, 0x8b}; !bytes.HasPrefix(data, gzip) {
		t.Errorf("no profile: %.100q", data)
	}
}

func TestProfileRefuses(t *testing.T) {
	for _, args := range [][]string{{"-seconds", "0"}, {"-seconds", "601"}, {"-concurrency", "0"}, {"-scenario", "none"}, {"x"}, {"-y"}} {
		var out, progress bytes.Buffer
		args = append([]string{profileCommand, "-dir", t.TempDir()}, args...)
		if code := run(context.Background(), args, &out, &progress); code != 1 {
			t.Errorf("%q: exit code %d\n%s", args, code, &progress)
		}
	}
}
