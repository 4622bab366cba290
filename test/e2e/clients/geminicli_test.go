package clients

import (
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
)

// geminiCLI speaks Google's own API.
var geminiCLI = client{
	name: "gemini-cli", program: "gemini",
	prepare: func(t *testing.T, home, url, prompt string) (args, env []string) {
		settings(t, `{
			"general": {"enableAutoUpdate": false, "enableAutoUpdateNotification": false},
			"privacy": {"usageStatisticsEnabled": false},
			"telemetry": {"enabled": false},
			"security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": false}}
		}`, home, ".gemini", "settings.json")
		return []string{"-m", model, "--yolo", "-p", prompt},
			[]string{"GEMINI_API_KEY=dummy", "GOOGLE_GEMINI_BASE_URL=" + url}
	},
	write: func(path, text string) fakegemini.FunctionCall {
		return call("write_file", "file_path", path, "content", text)
	},
	read: func(path string) fakegemini.FunctionCall { return call("read_file", "file_path", path) },
	// One of its tools has a $schema. Google's API is known to take it, though
	// its documents do not list it.
	own: []fakegemini.Rule{fakegemini.RuleSchemaKeyword},
}
