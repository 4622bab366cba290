package clients

import (
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
)

// qwenCode speaks Chat Completions.
var qwenCode = client{
	name: "qwen-code", program: "qwen",
	prepare: func(t *testing.T, home, url, prompt string) (args, env []string) {
		settings(t, jsonWith(t, "qwen-code", url, quiet), home, ".qwen", "settings.json")
		return []string{"--yolo", "-p", prompt}, exports(t, "qwen-code", url)
	},
	write: func(path, text string) fakegemini.FunctionCall {
		return call("write_file", "file_path", path, "content", text)
	},
	read: func(path string) fakegemini.FunctionCall { return call("read_file", "file_path", path) },
	shell: func(command string) fakegemini.FunctionCall {
		return fakegemini.FunctionCall{Name: "run_shell_command", Args: `{"command":` + quoted(command) + `,"is_background":false}`}
	},
}
