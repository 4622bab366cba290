package exchange

import (
	"encoding/json"
	"testing"

	"github.com/heald-proxy/heald/policies/route"
)

// Codex takes the whole list or nothing: each entry has what Codex 0.169 cannot
// do without, and other clients still find theirs.
func TestCodexModels(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Models.Aliases = map[string]route.Chain{"house": route.Only("gemini-house")}
		c.Models.Known = map[string]route.KnownModel{"gemini-house": {Levels: []string{"low", "high"}, MaxOutput: 100, Context: 1000}}
	})
	required := []string{
		"slug", "display_name", "supported_reasoning_levels", "shell_type", "visibility", "supported_in_api", "priority",
		"base_instructions", "support_verbosity", "truncation_policy", "experimental_supported_tools",
	}
	for _, path := range []string{"/v1/models?client_version=0.169.0", "/models?client_version=0.169.0", "/openai/v1/models?x=1&client_version=1"} {
		reply := r.get(path)
		var list struct {
			Object string
			Data   []struct{ ID string }
			Models []map[string]json.RawMessage
		}
		if err := json.Unmarshal(reply.Body, &list); err != nil || list.Object != "list" || len(list.Data) == 0 || len(list.Models) == 0 {
			t.Fatalf("%s: %v: %s", path, err, reply.Body)
		}
		seen := map[string]map[string]json.RawMessage{}
		for _, m := range list.Models {
			for _, field := range required {
				if v := string(m[field]); v == "" || v == "null" || v == `""` {
					t.Errorf("%s: %s has no %s", path, m["slug"], field)
				}
			}
			seen[string(m["slug"])] = m
		}
		if len(seen) >= len(list.Data) || seen[`"gemini-2.5-flash-image"`] != nil || seen[`"gemini-embedding-2"`] != nil {
			t.Errorf("%s: models without tools are of no use to an agent", path)
		}
		for slug, want := range map[string]map[string]string{
			`"house"`:            {"context_window": "1000", "max_output_tokens": "100", "supported_reasoning_levels": `[{"effort":"low","description":"thinks a little, for simple tasks"},{"effort":"high","description":"thinks long, for hard problems"}]`},
			`"gemini-3.8-flash"`: {"context_window": "1048576", "priority": "0"},
		} {
			for field, v := range want {
				if got := string(seen[slug][field]); got != v {
					t.Errorf("%s: %s: %s is %s, want %s", path, slug, field, got, v)
				}
			}
		}
	}
	for _, path := range []string{"/v1/models", "/v1/models/house?client_version=0.169.0"} {
		var other map[string]json.RawMessage
		if reply := r.get(path); json.Unmarshal(reply.Body, &other) != nil || other["models"] != nil {
			t.Errorf("%s: %s", path, reply.Body)
		}
	}
}
