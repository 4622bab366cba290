package clients

import (
	"path/filepath"
	"strconv"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
)

// codex speaks Responses. Its provider must be one of its own configuration:
// the built-in ones try WebSockets and other services first.
var codex = client{
	name: "Codex", program: "codex",
	prepare: func(t *testing.T, home, url, prompt string) (args, env []string) {
		settings(t, `model = "`+model+`"
model_provider = "heald"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.heald]
name = "heald"
base_url = "`+url+`/v1"
env_key = "HEALD_KEY"
wire_api = "responses"
`, home, ".codex", "config.toml")
		return []string{"exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", prompt},
			[]string{"CODEX_HOME=" + filepath.Join(home, ".codex"), "HEALD_KEY=dummy"}
	},
	write: func(path, text string) fakegemini.FunctionCall {
		return call("exec_command", "cmd", "printf %s "+strconv.Quote(text)+" > "+strconv.Quote(path))
	},
	read: func(path string) fakegemini.FunctionCall {
		return call("exec_command", "cmd", "cat "+strconv.Quote(path))
	},
}
