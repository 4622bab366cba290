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
		settings(t, "check_for_update_on_startup = false\n"+page(t, "toml codex", url)+"[analytics]\nenabled = false\n",
			home, ".codex", "config.toml")
		return []string{"exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", prompt},
			append(exports(t, "codex", url), "CODEX_HOME="+filepath.Join(home, ".codex"))
	},
	write: func(path, text string) fakegemini.FunctionCall {
		return call("exec_command", "cmd", "printf %s "+strconv.Quote(text)+" > "+strconv.Quote(path))
	},
	read: func(path string) fakegemini.FunctionCall {
		return call("exec_command", "cmd", "cat "+strconv.Quote(path))
	},
	shell: func(command string) fakegemini.FunctionCall { return call("exec_command", "cmd", command) },
}
