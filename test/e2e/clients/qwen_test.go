package clients

import (
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
)

// qwenCode speaks Chat Completions.
var qwenCode = client{
	name: "qwen-code", program: "qwen",
	prepare: func(t *testing.T, home, url, prompt string) (args, env []string) {
		settings(t, `{
			"general": {"enableAutoUpdate": false},
			"privacy": {"usageStatisticsEnabled": false},
			"telemetry": {"enabled": false},
			"security": {"auth": {"selectedType": "openai"}}
		}`, home, ".qwen", "settings.json")
		return []string{"--yolo", "-p", prompt},
			[]string{"OPENAI_API_KEY=dummy", "OPENAI_BASE_URL=" + url + "/v1", "OPENAI_MODEL=" + model}
	},
	write: func(path, text string) fakegemini.FunctionCall {
		return call("write_file", "file_path", path, "content", text)
	},
	read: func(path string) fakegemini.FunctionCall { return call("read_file", "file_path", path) },
}
