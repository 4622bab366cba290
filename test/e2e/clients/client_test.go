package clients

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

func TestMain(m *testing.M) {
	code := m.Run()
	stack.Cleanup()
	os.Exit(code)
}

// clientTime bounds one run of a client; it takes seconds.
const clientTime = 3 * time.Minute

// model is the one that clients are told to use; gemini-cli replaces older ones.
const model = "gemini-3.8-flash"

// client is a coding agent.
type client struct {
	name    string
	program string
	// prepare writes the settings into an empty home, and returns arguments
	// and environment for one prompt.
	prepare func(t *testing.T, home, url, prompt string) (args, env []string)
	// write and read are calls of its tools that write a text into a file, and
	// read the file.
	write func(path, text string) fakegemini.FunctionCall
	read  func(path string) fakegemini.FunctionCall
	// own are rules that the client breaks by itself, in a body that heald
	// passes on as it is.
	own []fakegemini.Rule
}

var clients = []client{claudeCode, codex, geminiCLI, qwenCode, opencode}

// run gives a client one prompt in the folder and returns what it printed. It
// has an empty home and nothing of this process's environment but the path.
func (c client) run(t *testing.T, url, dir, prompt string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), clientTime)
	defer cancel()
	home := t.TempDir()
	args, env := c.prepare(t, home, url, prompt)
	cmd := exec.CommandContext(ctx, installed(t, c.program), args...)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home}, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", c.name, err, out)
	}
	return string(out)
}

// installed finds a program that `make clients` has installed.
func installed(t *testing.T, program string) string {
	t.Helper()
	path := filepath.Join(stack.Root(), ".tools", "clients", "node_modules", ".bin", program)
	if _, err := os.Stat(path); err != nil {
		stack.Missing(t, program+" is not installed: run `make clients`, which needs Node.js 20")
	}
	return path
}

// settings writes a file below a client's home.
func settings(t *testing.T, text string, path ...string) {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// upstream checks that no request was refused and returns them.
func upstream(t *testing.T, fake *fakegemini.Server) []fakegemini.Request {
	t.Helper()
	requests := fake.Requests()
	for _, r := range requests {
		if r.Rejected != "" {
			t.Errorf("refused upstream: %s\n%s", r.Rejected, r.Body)
		}
		for _, mark := range r.Marks {
			t.Logf("upstream would rather not have seen: %s", mark)
		}
	}
	return requests
}
