package stack

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

var (
	raced  = sync.OnceValues(func() (string, error) { return build("heald-race", "-race") })
	plain  = sync.OnceValues(func() (string, error) { return build("heald") })
	folder = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "heald-test-") })
)

func build(name string, flags ...string) (string, error) {
	if path := os.Getenv("HEALD_BINARY"); path != "" {
		return path, nil
	}
	dir, err := folder()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	cmd := exec.Command("go", append(append([]string{"build", "-pgo=off"}, flags...), "-o", path, "./cmd/heald")...)
	cmd.Dir = Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build heald: %w\n%s", err, out)
	}
	return path, nil
}

// Root is the module's folder.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// Binary returns the path of heald, built once with the race detector, or
// what HEALD_BINARY names.
func Binary(t testing.TB) string {
	t.Helper()
	return must(t, raced)
}

// PlainBinary is Binary without the race detector, which slows the work on
// bytes down tenfold and multiplies memory.
func PlainBinary(t testing.TB) string {
	t.Helper()
	return must(t, plain)
}

func must(t testing.TB, built func() (string, error)) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Cleanup removes what was built; call it from TestMain.
func Cleanup() {
	if dir, err := folder(); err == nil {
		_ = os.RemoveAll(dir)
	}
}
