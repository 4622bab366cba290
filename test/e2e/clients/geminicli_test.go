package clients

import (
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
)

// quiet keeps gemini-cli and its descendant Qwen Code from asking their makers
// for news.
var quiet = map[string]any{
	"general":   map[string]any{"enableAutoUpdate": false, "enableAutoUpdateNotification": false},
	"privacy":   map[string]any{"usageStatisticsEnabled": false},
	"telemetry": map[string]any{"enabled": false},
	"security":  map[string]any{"folderTrust": map[string]any{"enabled": false}},
}

// geminiCLI speaks Google's own API.
var geminiCLI = client{
	name: "gemini-cli", program: "gemini",
	prepare: func(t *testing.T, home, url, prompt string) (args, env []string) {
		settings(t, jsonWith(t, "gemini-cli", url, quiet), home, ".gemini", "settings.json")
		return append(command(t, "gemini-cli", url), "--yolo", "-p", prompt), exports(t, "gemini-cli", url)
	},
	write: func(path, text string) fakegemini.FunctionCall {
		return call("write_file", "file_path", path, "content", text)
	},
	read: func(path string) fakegemini.FunctionCall { return call("read_file", "file_path", path) },
	shell: func(command string) fakegemini.FunctionCall {
		return call("run_shell_command", "command", command)
	},
	// One of its tools has a $schema. Google's API is known to take it, though
	// its documents do not list it.
	own: []fakegemini.Rule{fakegemini.RuleSchemaKeyword},
}
