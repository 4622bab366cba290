package clients

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// codexHouse is a model that Codex has never heard of, and of which heald knows
// what heald.yaml says.
const (
	codexHouse  = "gemini-house-1"
	codexWindow = 100_000
	codexWarns  = "Model metadata for"
)

func startForCodex(t *testing.T) *stack.Stack {
	t.Helper()
	return stack.Start(t, stack.Options{
		Models: fmt.Sprintf("{known: {%s: {like: gemini-3.8-flash, context: %d, levels: [low, high]}}}", codexHouse, codexWindow),
		Fake:   fakegemini.Options{Models: []string{codexHouse}},
	})
}

const byEnv = "env_key = \"HEALD_KEY\"\n"

// byCommand is the one way to show a key with which Codex asks a provider of the
// user's for its models.
func byCommand(t *testing.T) string { return page(t, "toml codex-list", "") }

// codexIn runs codex in a home of its own. top are lines at the top of its
// config.toml.
func codexIn(t *testing.T, home, url, auth, top string, args ...string) (out string) {
	t.Helper()
	settings(t, fmt.Sprintf(`model = %q
model_provider = "heald"
check_for_update_on_startup = false
%s
[analytics]
enabled = false
[model_providers.heald]
name = "heald"
base_url = "%s/v1"
wire_api = "responses"
%s`, codexHouse, top, url, auth), home, "config.toml")
	ctx, cancel := context.WithTimeout(t.Context(), clientTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, installed(t, "codex"), args...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "CODEX_HOME=" + home, "HEALD_KEY=dummy"}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil {
		t.Fatalf("codex %q: %v\n%s%s", args, err, stdout, &stderr)
	}
	return string(stdout) + stderr.String()
}

func codexExec(prompt string, more ...string) []string {
	return append(append([]string{"exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"}, more...), prompt)
}

// rollout is what Codex notes of a session.
type rollout struct {
	window, compacted int
	prompt            string // its system prompt
}

func rolloutIn(t *testing.T, home string) (r rollout) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(home, "sessions", "*", "*", "*", "rollout-*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("sessions: %q, %v", files, err)
	}
	f, err := os.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var line struct {
			Type    string
			Payload struct {
				Type   string
				Window int                   `json:"model_context_window"`
				Base   struct{ Text string } `json:"base_instructions"`
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		r.window = max(r.window, line.Payload.Window)
		r.prompt += line.Payload.Base.Text
		if line.Type == "compacted" {
			r.compacted++
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return r
}

// sentAsSystem is the beginning of the system prompt that the last request had.
func sentAsSystem(t *testing.T, fake *fakegemini.Server) string {
	t.Helper()
	requests := upstream(t, fake)
	if len(requests) == 0 {
		t.Fatal("nothing went upstream")
	}
	var body struct {
		SystemInstruction struct{ Parts []struct{ Text string } }
	}
	if err := json.Unmarshal(requests[len(requests)-1].Body, &body); err != nil || len(body.SystemInstruction.Parts) == 0 {
		t.Fatalf("no system prompt: %v: %s", err, requests[len(requests)-1].Body)
	}
	return body.SystemInstruction.Parts[0].Text
}

// TestCodexCatalogue: Codex takes window, levels and the moment to compact from
// heald, and has nothing to warn of.
func TestCodexCatalogue(t *testing.T) {
	s := startForCodex(t)
	home := t.TempDir()
	// The first reply fills the window to 95 of 100: Codex compacts at 90.
	s.Fake().EnqueueForPath(codexHouse,
		fakegemini.Calls(call("exec_command", "cmd", "true")).Usage(fakegemini.Usage{Prompt: 94_990, Candidates: 10}),
		fakegemini.Text("A summary of what was done."),
		fakegemini.Text("All done."))
	out := codexIn(t, home, s.URL, byCommand(t), "", codexExec("go", "-c", "model_reasoning_effort=low")...)
	if strings.Contains(out, codexWarns) || strings.Contains(out, "ERROR") || !strings.Contains(out, "All done.") {
		t.Errorf("Codex printed:\n%s", out)
	}
	r := rolloutIn(t, home)
	if r.window != codexWindow*95/100 || r.compacted != 1 {
		t.Errorf("a window of %d, compacted %d times; want %d, once", r.window, r.compacted, codexWindow*95/100)
	}
	if got := sentAsSystem(t, s.Fake()); !strings.HasPrefix(got, "You are a coding agent.") || !strings.HasPrefix(r.prompt, "You are a coding agent.") {
		t.Errorf("the system prompt is %.200q, noted %.200q", got, r.prompt)
	}
	for _, req := range upstream(t, s.Fake()) {
		if !strings.Contains(strings.ToLower(string(req.Body)), `"thinkinglevel":"low"`) {
			t.Errorf("the level is not low: %s", req.Body)
		}
	}
	var all struct {
		Models []struct {
			Slug   string
			Levels []struct{ Effort string } `json:"supported_reasoning_levels"`
		}
	}
	list, _, _ := strings.Cut(codexIn(t, home, s.URL, byCommand(t), "", "debug", "models"), "\n")
	if err := json.Unmarshal([]byte(list), &all); err != nil {
		t.Fatalf("%v: %.300s", err, list)
	}
	levels := ""
	for _, m := range all.Models {
		if m.Slug == codexHouse {
			for _, l := range m.Levels {
				levels += l.Effort + " "
			}
		}
	}
	if levels != "low high " {
		t.Errorf("Codex knows the levels %q", levels)
	}
}

// TestCodexWithoutCatalogue shows what Codex does by itself: with a key from the
// environment it asks for no list.
func TestCodexWithoutCatalogue(t *testing.T) {
	s := startForCodex(t)
	home := t.TempDir()
	s.Fake().EnqueueForPath(codexHouse, fakegemini.Text("Hello."))
	if out := codexIn(t, home, s.URL, byEnv, "", codexExec("hi")...); !strings.Contains(out, codexWarns) {
		t.Errorf("Codex has nothing to warn of any more: this test, and the sentence of CLIENTS.md, can go:\n%s", out)
	}
	if r := rolloutIn(t, home); r.window == codexWindow*95/100 {
		t.Error("Codex knows the window")
	}
}

// TestCodexOwnPrompt: with model_instructions_file, Codex's own prompt, which it
// notes in every session, stays in force beside the list.
func TestCodexOwnPrompt(t *testing.T) {
	s := startForCodex(t)
	first, second := t.TempDir(), t.TempDir()
	s.Fake().EnqueueForPath(codexHouse, fakegemini.Text("Hello."), fakegemini.Text("Hello again."))
	codexIn(t, first, s.URL, byEnv, "", codexExec("hi")...)
	// Of its own prompt Codex leaves out the section on a tool that it does not
	// offer; a file is sent as it is.
	own, sent := rolloutIn(t, first).prompt, sentAsSystem(t, s.Fake())
	if len(sent) < 1000 || own[:1000] != sent[:1000] {
		t.Fatalf("noted %.1000q, sent %.1000q", own, sent)
	}
	file := filepath.Join(t.TempDir(), "prompt.md")
	settings(t, own, file)
	out := codexIn(t, second, s.URL, byCommand(t), fmt.Sprintf("model_instructions_file = %q", file), codexExec("hi")...)
	if got := sentAsSystem(t, s.Fake()); strings.TrimSpace(got) != strings.TrimSpace(own) || strings.Contains(out, codexWarns) {
		t.Errorf("sent %d bytes, Codex's own prompt has %d; it printed:\n%s", len(got), len(own), out)
	}
}
