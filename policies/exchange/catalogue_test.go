package exchange

import (
	"encoding/json"
	"testing"

	"github.com/heald-proxy/heald/policies"
)

func TestModelLists(t *testing.T) {
	change := func(c *Config) {
		c.Backends = c.Backends[:1]
		c.Accounts = c.Accounts[:2]
		c.Backends[0].Models = []string{"gemini-3.5-flash", "gemini-3.8-flash"}
		c.Models.Aliases = map[string]Chain{"claude-opus-5-5": only("gemini-3.8-flash"), "claude-*": only("gemini-3.5-flash"), "house": {{Model: "gemini-house"}, {Model: "gemini-3.5-flash"}}}
		c.Models.Known = map[string]KnownModel{"gemini-house": {MaxOutput: 100, Context: 1000}}
		c.Backends[0].Models = append(c.Backends[0].Models, "gemini-house")
	}
	for _, c := range []struct {
		name, path, version string
		status              int
		want                string
	}{
		{"openai", "/v1/models", "", 200, `{"data":[{"id":"claude-opus-5-5","object":"model","created":0,"owned_by":"google"},{"id":"gemini-3.5-flash","object":"model","created":0,"owned_by":"google"},{"id":"gemini-3.8-flash","object":"model","created":0,"owned_by":"google"},{"id":"gemini-house","object":"model","created":0,"owned_by":"google"},{"id":"house","object":"model","created":0,"owned_by":"google"}],"object":"list"}`},
		{"openai, one", "/openai/v1/models/gemini-3.5-flash", "", 200, `{"id":"gemini-3.5-flash","object":"model","created":0,"owned_by":"google"}`},
		{"anthropic, a page", "/v1/models?limit=1&after_id=claude-opus-5-5", "2023-06-01", 200, `{"data":[{"type":"model","id":"gemini-3.5-flash","display_name":"gemini-3.5-flash","created_at":"1970-01-01T00:00:00Z","max_input_tokens":1048576,"max_tokens":65536}],"first_id":"gemini-3.5-flash","has_more":true,"last_id":"gemini-3.5-flash"}`},
		{"gemini", "/v1beta/models/gemini-3.8-flash", "", 200, `{"name":"models/gemini-3.8-flash","displayName":"gemini-3.8-flash","inputTokenLimit":1048576,"outputTokenLimit":65536,"supportedGenerationMethods":["generateContent","streamGenerateContent","countTokens"]}`},
		{"an alias has the limits of its first model", "/v1/models/house", "2023-06-01", 200, `{"type":"model","id":"house","display_name":"house","created_at":"1970-01-01T00:00:00Z","max_input_tokens":1000,"max_tokens":100}`},
		{"a name that a pattern stands for", "/v1/models/claude-sonnet-7", "2023-06-01", 200, `{"type":"model","id":"claude-sonnet-7","display_name":"claude-sonnet-7","created_at":"1970-01-01T00:00:00Z","max_input_tokens":1048576,"max_tokens":65536}`},
		{"a name that heald's own aliases have", "/v1/models/gpt-9", "", 200, `{"id":"gpt-9","object":"model","created":0,"owned_by":"google"}`},
		{"unknown", "/v1/models/nope-9", "", 404, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, change)
			a := r.begin(1, "")
			a.in.Method, a.in.Path, a.in.NoBody = "GET", c.path, true
			if c.version != "" {
				a.in.Headers.Set("anthropic-version", c.version)
			}
			reply := a.RequestHeaders()
			if reply == nil {
				t.Fatal("not answered")
			}
			a.Close(policies.EndComplete)
			if reply.Status != c.status || (c.want != "" && string(reply.Body) != c.want) {
				t.Errorf("got %d %s\nwant %d %s", reply.Status, reply.Body, c.status, c.want)
			}
			if !json.Valid(reply.Body) {
				t.Errorf("no JSON: %s", reply.Body)
			}
		})
	}
}
