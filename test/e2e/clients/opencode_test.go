package clients

import (
	"encoding/json"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
)

// opencode speaks whatever its provider does; here Anthropic Messages, where it
// decides by the words of an error whether to ask again.
var opencode = client{
	name: "opencode", program: "opencode",
	prepare: func(t *testing.T, home, url, prompt string) (args, env []string) {
		const titles = "gemini-3.5-flash" // asked for on the side
		config, err := json.Marshal(map[string]any{
			"autoupdate": false, "share": "disabled",
			"model": "heald/" + model, "small_model": "heald/" + titles,
			"provider": map[string]any{"heald": map[string]any{
				"npm":     "@ai-sdk/anthropic",
				"options": map[string]any{"baseURL": url + "/v1", "apiKey": "dummy"},
				"models":  map[string]any{model: map[string]any{}, titles: map[string]any{}},
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		settings(t, string(config), home, ".config", "opencode", "opencode.json")
		return []string{"run", prompt},
			[]string{"OPENCODE_DISABLE_AUTOUPDATE=1", "OPENCODE_DISABLE_MODELS_FETCH=1", "OPENCODE_DISABLE_LSP_DOWNLOAD=1"}
	},
	write: func(path, text string) fakegemini.FunctionCall {
		return call("write", "filePath", path, "content", text)
	},
	read: func(path string) fakegemini.FunctionCall { return call("read", "filePath", path) },
}
