package sdk

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/heald-proxy/heald/test/stack"
)

// task is what a program is asked to do.
type task struct {
	Do     string `json:"do"` // chat, stream, tools, tools_stream, search, search_stream, image, structured, embed, transcribe
	Prompt string `json:"prompt"`
	Image  []byte `json:"image,omitempty"` // a PNG
	Sound  []byte `json:"sound,omitempty"` // a WAV
	// Texts are those to embed.
	Texts []string `json:"texts,omitempty"`
}

// told is what a program says of a reply. Fields that a task has no use for
// are absent.
type told struct {
	Text     string          `json:"text"`
	Thinking string          `json:"thinking"`
	Tokens   int             `json:"tokens"` // of the output
	Chunks   int             `json:"chunks"` // of text, when streamed
	Calls    []string        `json:"calls"`  // "name city", in the model's order
	Cited    []string        `json:"cited"`  // "piece address", or the address alone
	Value    json.RawMessage `json:"value"`
	Error    *failure        `json:"error"`
}

// failure is the exception that an SDK raised.
type failure struct {
	Class   string `json:"class"`
	Status  int    `json:"status"`
	Message string `json:"message"`
}

// process is a running program.
type process struct {
	t      testing.TB
	in     io.WriteCloser
	out    *bufio.Scanner
	stderr bytes.Buffer
}

// start runs a program until the end of the test.
func start(t testing.TB, url string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t}
	cmd.Env = append(os.Environ(), "BASE_URL="+url)
	cmd.Stderr = &p.stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.in, p.out = in, bufio.NewScanner(out)
	p.out.Buffer(nil, 1<<20)
	t.Cleanup(func() {
		// The end of its input ends the program.
		if err := in.Close(); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v\n%s", cmd.Args, err, &p.stderr)
		}
	})
	return p
}

// do gives the program a task and returns its line. It may be called from
// subtests of the test that started the program.
func (p *process) do(t testing.TB, k task) told {
	t.Helper()
	line, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(p.in, "%s\n", line); err != nil {
		t.Fatal(err)
	}
	if !p.out.Scan() {
		t.Fatalf("the program ended: %v", p.out.Err())
	}
	var got told
	if err := json.Unmarshal(p.out.Bytes(), &got); err != nil {
		t.Fatalf("%v in the line %s", err, p.out.Bytes())
	}
	return got
}

// goProgram runs the Go program, which go builds once and caches.
func goProgram(api string) *exec.Cmd {
	cmd := exec.Command("go", "run", ".", api)
	cmd.Dir = "go"
	return cmd
}

// npmProgram runs a script beside the installed packages: Node looks for them
// only in the folders above the script.
func npmProgram(t testing.TB, script string, args ...string) *exec.Cmd {
	t.Helper()
	dir := t.TempDir()
	packages := installed(t, "sdk-npm", "node_modules")
	if err := os.CopyFS(dir, os.DirFS("npm")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(packages, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return exec.Command("node", append([]string{filepath.Join(dir, script)}, args...)...)
}

// pythonProgram runs a script with the installed packages.
func pythonProgram(t testing.TB, script string) *exec.Cmd {
	t.Helper()
	// -B: no compiled files beside the script.
	return exec.Command(installed(t, "sdk-python", "bin", "python"), "-B", filepath.Join("python", script))
}

// installed finds what `make sdks` has installed.
func installed(t testing.TB, path ...string) string {
	t.Helper()
	found := filepath.Join(append([]string{stack.Root(), ".tools"}, path...)...)
	if _, err := os.Stat(found); err != nil {
		stack.Missing(t, path[0]+" is not installed: run `make sdks`, which needs Node.js 20 and Python 3")
	}
	return found
}
