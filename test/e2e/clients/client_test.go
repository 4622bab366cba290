package clients

import (
	"context"
	"encoding/json"
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
	// shell is a call that runs a command.
	shell func(command string) fakegemini.FunctionCall
	// steps are the model's replies for the task in a folder, where the client
	// has no such tools.
	steps func(dir string) []fakegemini.Reply
	// own are rules that the client breaks by itself, in a body that heald
	// passes on as it is.
	own []fakegemini.Rule
}

var clients = []client{claudeCode, codex, geminiCLI, qwenCode, opencodeAnthropic, opencodeOpenAI, aiderOpenAI, aiderAnthropic, continueCLI}

// run gives a client one prompt in the folder and returns what it printed.
func (c client) run(t *testing.T, url, dir, prompt string) string {
	t.Helper()
	out, err := c.try(t, url, dir, prompt)
	if err != nil {
		t.Fatalf("%s: %v\n%s", c.name, err, out)
	}
	return out
}

// try is run for a client that may fail. It has an empty home and nothing of
// this process's environment but the path.
func (c client) try(t *testing.T, url, dir, prompt string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), clientTime)
	defer cancel()
	home := t.TempDir()
	args, env := c.prepare(t, home, url, prompt)
	cmd := exec.CommandContext(ctx, installed(t, c.program), args...)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home}, env...)
	cmd.WaitDelay = time.Second // children may keep its output open
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// programs are where `make clients` installs them, below .tools.
var programs = []string{"clients/node_modules/.bin", "aider/bin"}

// installed finds a program that `make clients` has installed.
func installed(t *testing.T, program string) string {
	t.Helper()
	for _, dir := range programs {
		path := filepath.Join(stack.Root(), ".tools", dir, program)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	stack.Missing(t, program+" is not installed: run `make clients`, which needs Node.js 20")
	return ""
}

// quoted is a text as JSON.
func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(b)
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
