package clients

import (
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
)

// opencode speaks what its provider does. Of each it decides by other words of
// an error whether to ask again.
var (
	opencodeAnthropic = opencode("opencode, Anthropic", "opencode-anthropic")
	opencodeOpenAI    = opencode("opencode, OpenAI", "opencode-openai")
)

func opencode(name, label string) client {
	return client{
		name: name, program: "opencode",
		prepare: func(t *testing.T, home, url, prompt string) (args, env []string) {
			settings(t, jsonWith(t, label, url, map[string]any{"autoupdate": false, "share": "disabled"}), home, ".config", "opencode", "opencode.json")
			return []string{"run", prompt},
				[]string{"OPENCODE_DISABLE_AUTOUPDATE=1", "OPENCODE_DISABLE_MODELS_FETCH=1", "OPENCODE_DISABLE_LSP_DOWNLOAD=1"}
		},
		write: func(path, text string) fakegemini.FunctionCall {
			return call("write", "filePath", path, "content", text)
		},
		read: func(path string) fakegemini.FunctionCall { return call("read", "filePath", path) },
		shell: func(command string) fakegemini.FunctionCall {
			return call("bash", "command", command, "description", "do it")
		},
	}
}
