package clients

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

var claudeCode = client{
	name: "Claude Code", program: "claude",
	prepare: func(t *testing.T, _, url, prompt string) (args, env []string) {
		return []string{"-p", prompt, "--allowedTools", "Bash,Write,Read"},
			append(exports(t, "claude", url), "IS_SANDBOX=1", "DISABLE_TELEMETRY=1", "DISABLE_AUTOUPDATER=1", "DISABLE_ERROR_REPORTING=1")
	},
	write: func(path, text string) fakegemini.FunctionCall {
		return call("Write", "file_path", path, "content", text)
	},
	read: func(path string) fakegemini.FunctionCall { return call("Read", "file_path", path) },
	shell: func(command string) fakegemini.FunctionCall {
		return call("Bash", "command", command, "description", "do it")
	},
}

// toolTurn asks for a command to be run; the fake's model calls the tool and
// then repeats its output.
const toolTurn = `USE-TOOL Bash {"command":"echo heald-tool-ok","description":"say so"}`

func TestClaudeCodeToolTurn(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults []fakegemini.Reply
	}{
		{"nothing fails", nil},
		{"first reply empty, second overloaded", []fakegemini.Reply{fakegemini.EmptyOK(), fakegemini.Status(503)}},
		{"error under status 200", []fakegemini.Reply{fakegemini.ErrorEvent(500)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := stack.Start(t, stack.Options{})
			s.Fake().Enqueue(c.faults...)
			out := claudeCode.run(t, s.URL, t.TempDir(), toolTurn)
			if !strings.Contains(out, "heald-tool-ok") {
				t.Errorf("claude printed:\n%s", out)
			}
			calls, answers := 0, 0
			for _, r := range upstream(t, s.Fake()) {
				calls++
				if strings.Contains(string(r.Body), `"functionResponse"`) {
					answers++
				}
			}
			if want := 2 + len(c.faults); calls < want || answers == 0 {
				t.Errorf("%d upstream calls, %d with a tool's result; want at least %d, 1", calls, answers, want)
			}
		})
	}
}
