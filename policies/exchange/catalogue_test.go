package exchange

import (
	"encoding/json"
	"fmt"
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

// A page has 20 models unless it is said otherwise, and never more than 1,000.
func TestPageOf(t *testing.T) {
	models := make([]claudeModel, 1500)
	for i := range models {
		models[i].ID = fmt.Sprint("m", i)
	}
	for _, c := range []struct {
		of, first, size int
		query           string
		more            bool
	}{
		{20, 0, 20, "", false},
		{21, 0, 20, "", true},
		{21, 0, 20, "limit=0", true},
		{21, 0, 20, "limit=-1", true},
		{21, 0, 20, "limit=x", true},
		{21, 0, 1, "limit=1", true},
		{21, 0, 21, "limit=21", false},
		{1000, 0, 1000, "limit=2000", false},
		{1001, 0, 1000, "limit=2000", true},
		{1001, 0, 999, "limit=999", true},
		{10, 1, 9, "after_id=m0", false},
		{10, 10, 0, "after_id=m9", false},
		{10, 0, 0, "before_id=m0", false},
		{10, 0, 9, "before_id=m9", false},
		{10, 3, 2, "after_id=m2&before_id=m5", false},
		{10, 3, 1, "after_id=m2&before_id=m5&limit=1", true},
		{10, 0, 10, "after_id=none&before_id=none", false},
		{10, 0, 10, "%zz", false},
	} {
		page, more := pageOf(models[:c.of], c.query)
		if len(page) != c.size || more != c.more || c.size > 0 && page[0].ID != models[c.first].ID {
			t.Errorf("%q of %d: %d models, more %t; want %d from %d on, %t", c.query, c.of, len(page), more, c.size, c.first, c.more)
		}
	}
}
