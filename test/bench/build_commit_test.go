package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The binary is that of the commit, not of the tree, and nothing else is left.
func TestBuildCommit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip("there is no git: install Debian's package git")
	}
	script, err := filepath.Abs("build-commit.sh")
	if err != nil {
		t.Fatal(err)
	}
	repo := t.TempDir()
	command := func(name string, args ...string) (string, error) {
		cmd := exec.Command(name, args...)
		cmd.Dir = repo
		cmd.Env = append(os.Environ(), "GOFLAGS=", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com",
			"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		out, err := cmd.CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	must := func(name string, args ...string) string {
		t.Helper()
		out, err := command(name, args...)
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return out
	}
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(repo, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program := func(word string) string {
		return "package main\n\nvar version string\n\nfunc main() { println(\"" + word + "\", version) }\n"
	}
	write("go.mod", "module example.com/heald\n\ngo 1.26\n")
	write("cmd/heald/main.go", program("then"))
	must("git", "init", "--quiet")
	must("git", "add", ".")
	must("git", "commit", "--quiet", "-m", "then")
	commit := must("git", "rev-parse", "--short", "HEAD")
	write("cmd/heald/main.go", program("now"))

	must(script, commit, "out/base")
	if got := must("out/base"); got != "then "+commit {
		t.Errorf("the binary says %q", got)
	}
	if left, err := os.ReadDir(filepath.Join(repo, "out")); err != nil || len(left) != 1 {
		t.Errorf("beside the binary there are %v, %v", left, err)
	}
	if trees := must("git", "worktree", "list"); strings.Contains(trees, "\n") {
		t.Errorf("worktrees are left:\n%s", trees)
	}
	if out, err := command(script, "no-such-commit", "out/base"); err == nil || !strings.Contains(out, "BASE=no-such-commit is no commit") {
		t.Errorf("%v: %s", err, out)
	}
}
