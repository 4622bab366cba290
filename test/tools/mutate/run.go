package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// outcome is what became of a mutant.
type outcome string

// The outcomes.
const (
	killed     outcome = "killed"
	survived   outcome = "survived"
	equivalent outcome = "equivalent"
	invalid    outcome = "invalid" // it does not compile
)

// limited runs a test with bounded memory, in KiB: a mutant may well allocate
// without end. Where the shell has no such limit it runs without.
const limited = `sh -c 'ulimit -v 8000000 2>/dev/null; exec "$0" "$@"'`

// buildTimeout bounds one go command beyond the time of its tests.
const buildTimeout = 4 * time.Minute

// runner tests mutants of the module at root.
type runner struct {
	root    string
	timeout time.Duration // of the tests of one package
}

// test runs the tests of the target on the mutant.
func (r *runner) test(ctx context.Context, t target, m *mutant) (outcome, error) {
	dir, err := os.MkdirTemp("", "heald-mutant-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	file, overlay := filepath.Join(dir, "mutant.go"), filepath.Join(dir, "overlay.json")
	original, err := filepath.Abs(filepath.Join(r.root, filepath.FromSlash(m.file)))
	if err != nil {
		return "", err
	}
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{original: file}})
	if err != nil {
		return "", err
	}
	if err := errors.Join(os.WriteFile(file, m.mutated(), 0o600), os.WriteFile(overlay, replace, 0o600)); err != nil {
		return "", err
	}
	for _, pkg := range t.tests() {
		passed, built, err := r.goTest(ctx, pkg, "-overlay", overlay)
		switch {
		case err != nil:
			return "", err
		case !built:
			return invalid, nil
		case !passed:
			return killed, nil
		}
	}
	return survived, nil
}

// unmutated checks that the tests pass on the code as it is: otherwise every
// mutant would count as killed.
func (r *runner) unmutated(ctx context.Context, t target) error {
	for _, pkg := range t.tests() {
		passed, _, err := r.goTest(ctx, pkg)
		if err != nil {
			return err
		}
		if !passed {
			return fmt.Errorf("the tests of %s fail without any mutant; see go test ./%s", pkg, pkg)
		}
	}
	return nil
}

// goTest runs the tests of a package on one processor: mutants run in parallel.
func (r *runner) goTest(ctx context.Context, pkg string, args ...string) (passed, built bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout+buildTimeout)
	defer cancel()
	words := strings.Fields(pkg)
	pkg, flags := words[0], words[1:]
	args = append([]string{"test", "-vet=off", "-failfast", "-p=1", "-timeout", r.timeout.String(), "-exec", limited}, args...)
	cmd := exec.CommandContext(ctx, "go", slices.Concat(args, flags, []string{"./" + pkg})...)
	cmd.Dir = r.root
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "GOWORK=off")
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return true, true, nil
	case ctx.Err() != nil || !errors.As(err, &exit):
		return false, false, fmt.Errorf("go test ./%s: %w", pkg, err)
	}
	return false, !bytes.Contains(out.Bytes(), []byte("[build failed]")) && !bytes.Contains(out.Bytes(), []byte("[setup failed]")), nil
}
