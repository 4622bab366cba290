package exchange

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/route"
)

func TestModelLists(t *testing.T) {
	change := func(c *Config) {
		c.Backends = c.Backends[:1]
		c.Accounts = c.Accounts[:2]
		c.Backends[0].Models = []string{"gemini-3.5-flash", "gemini-3.8-flash", "gemini-embedding-2"}
		c.Models.Aliases = map[string]route.Chain{"claude-opus-5-5": route.Only("gemini-3.8-flash"), "claude-*": route.Only("gemini-3.5-flash"), "house": {{Model: "gemini-house"}, {Model: "gemini-3.5-flash"}}}
		c.Models.Known = map[string]route.KnownModel{"gemini-house": {MaxOutput: 100, Context: 1000}}
		c.Backends[0].Models = append(c.Backends[0].Models, "gemini-house")
	}
	const (
		flash  = `"created_at":"2026-05-19T00:00:00Z","max_input_tokens":1048576,"max_tokens":65536}`
		newest = `"created_at":"2026-09-02T00:00:00Z","max_input_tokens":1048576,"max_tokens":65536}`
		house  = `"created_at":"2026-01-01T00:00:00Z","max_input_tokens":1000,"max_tokens":100}`
		openAI = `{"data":[` +
			`{"id":"claude-opus-5-5","object":"model","created":1788307200,"owned_by":"google","name":"claude-opus-5-5 (gemini-3.8-flash)","root":"gemini-3.8-flash"},` +
			`{"id":"gemini-3.5-flash","object":"model","created":1779148800,"owned_by":"google"},` +
			`{"id":"gemini-3.8-flash","object":"model","created":1788307200,"owned_by":"google"},` +
			`{"id":"gemini-embedding-2","object":"model","created":1773100800,"owned_by":"google"},` +
			`{"id":"gemini-house","object":"model","created":1767225600,"owned_by":"google"},` +
			`{"id":"house","object":"model","created":1767225600,"owned_by":"google","name":"house (gemini-house)","root":"gemini-house"}],"object":"list"}`
		native = `"inputTokenLimit":1048576,"outputTokenLimit":65536,"supportedGenerationMethods":["generateContent","streamGenerateContent","countTokens"],"thinking":true}`
	)
	for _, c := range []struct {
		name, path, version string
		status              int
		want                string
	}{
		{"openai", "/v1/models", "", 200, openAI},
		{"openai, no version", "/models?limit=1", "", 200, openAI},
		{"openai, as Google has it", "/v1beta/openai/models/", "", 200, openAI},
		{"openai, one", "/openai/v1/models/gemini-3.5-flash", "", 200, `{"id":"gemini-3.5-flash","object":"model","created":1779148800,"owned_by":"google"}`},
		{"openai, one with a prefix", "/v1/models/google/gemini-3.5-flash", "", 200, `{"id":"google/gemini-3.5-flash","object":"model","created":1779148800,"owned_by":"google","name":"google/gemini-3.5-flash (gemini-3.5-flash)","root":"gemini-3.5-flash"}`},
		{"openai, one with a prefix, escaped", "/v1/models/google%2Fgemini-3.5-flash", "", 200, `{"id":"google/gemini-3.5-flash","object":"model","created":1779148800,"owned_by":"google","name":"google/gemini-3.5-flash (gemini-3.5-flash)","root":"gemini-3.5-flash"}`},
		{"anthropic, a page", "/v1/models?limit=1&after_id=claude-opus-5-5", "2023-06-01", 200, `{"data":[{"type":"model","id":"gemini-3.5-flash","display_name":"gemini-3.5-flash",` + flash + `],"first_id":"gemini-3.5-flash","has_more":true,"last_id":"gemini-3.5-flash"}`},
		{"anthropic, a page backwards", "/v1/models?limit=1&before_id=gemini-3.8-flash", "2023-06-01", 200, `{"data":[{"type":"model","id":"gemini-3.5-flash","display_name":"gemini-3.5-flash",` + flash + `],"first_id":"gemini-3.5-flash","has_more":true,"last_id":"gemini-3.5-flash"}`},
		{"anthropic by the base URL", "/anthropic/v1/models?limit=1", "", 200, `{"data":[{"type":"model","id":"claude-opus-5-5","display_name":"claude-opus-5-5 (gemini-3.8-flash)",` + newest + `],"first_id":"claude-opus-5-5","has_more":true,"last_id":"claude-opus-5-5"}`},
		{"anthropic, a model that is gone", "/v1/models?after_id=nope", "2023-06-01", 400, `{"type":"error","error":{"type":"invalid_request_error","message":"after_id: no model of this list is called \"nope\"; begin again without it"},"request_id":"id-1"}`},
		{"gemini", "/v1beta/models/gemini-3.8-flash", "", 200, `{"name":"models/gemini-3.8-flash","displayName":"gemini-3.8-flash",` + native},
		{"gemini, a page", "/v1beta/models?pageSize=1&pageToken=claude-opus-5-5", "", 200, `{"models":[{"name":"models/gemini-3.5-flash","displayName":"gemini-3.5-flash",` + native + `],"nextPageToken":"gemini-3.5-flash"}`},
		{"gemini, an alias", "/v1beta/models/models%2Fclaude-opus-5-5", "", 200, `{"name":"models/claude-opus-5-5","displayName":"claude-opus-5-5 (gemini-3.8-flash)","description":"Stands for gemini-3.8-flash.",` + native},
		{"vertex", "/v1beta1/projects/p/locations/global/publishers/google/models?page_size=1", "", 200, `{"nextPageToken":"claude-opus-5-5","publisherModels":[{"name":"publishers/google/models/claude-opus-5-5","versionId":"default"}]}`},
		{"vertex, one", "/v1beta1/publishers/google/models/gemini-3.8-flash", "", 200, `{"name":"publishers/google/models/gemini-3.8-flash","versionId":"default"}`},
		{"an alias has the limits of its first model", "/v1/models/house", "2023-06-01", 200, `{"type":"model","id":"house","display_name":"house (gemini-house)",` + house},
		{"a name that a pattern stands for", "/v1/models/claude-sonnet-7", "2023-06-01", 200, `{"type":"model","id":"claude-sonnet-7","display_name":"claude-sonnet-7 (gemini-3.5-flash)",` + flash},
		{"a name that heald's own aliases have", "/v1/models/gpt-9", "", 200, `{"id":"gpt-9","object":"model","created":1788307200,"owned_by":"google","name":"gpt-9 (gemini-3.8-flash)","root":"gemini-3.8-flash"}`},
		{"openai, one for embeddings", "/v1/models/gemini-embedding-2", "", 200, `{"id":"gemini-embedding-2","object":"model","created":1773100800,"owned_by":"google"}`},
		{"openai, an alias for embeddings that its backends do not serve", "/v1/models/text-embedding-3-small", "", 404, ""},
		{"gemini, one for embeddings", "/v1beta/models/gemini-embedding-2", "", 200, `{"name":"models/gemini-embedding-2","displayName":"gemini-embedding-2","inputTokenLimit":8192,"supportedGenerationMethods":["embedContent","batchEmbedContents","countTokens"]}`},
		{"gemini, a page with one for embeddings", "/v1beta/models?pageSize=1&pageToken=gemini-3.8-flash", "", 200, `{"models":[{"name":"models/gemini-embedding-2","displayName":"gemini-embedding-2","inputTokenLimit":8192,"supportedGenerationMethods":["embedContent","batchEmbedContents","countTokens"]}],"nextPageToken":"gemini-embedding-2"}`},
		{"anthropic, none for embeddings", "/v1/models?after_id=gemini-3.8-flash", "2023-06-01", 200, `{"data":[{"type":"model","id":"gemini-house","display_name":"gemini-house",` + house + `,{"type":"model","id":"house","display_name":"house (gemini-house)",` + house + `],"first_id":"gemini-house","has_more":false,"last_id":"house"}`},
		{"anthropic, not even one by name", "/v1/models/gemini-embedding-2", "2023-06-01", 404, ""},
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

// A model that only Vertex AI has is not offered where there is no Vertex AI.
func TestModelsOfTheBackends(t *testing.T) {
	for kind, offered := range map[route.Kind]bool{route.AIStudio: false, route.Vertex: true} {
		a := newRig(t, func(c *Config) {
			c.Backends = slices.DeleteFunc(c.Backends, func(b route.Backend) bool { return b.Kind != kind })
			c.Accounts = slices.DeleteFunc(c.Accounts, func(a account.Account) bool { return a.Backend != c.Backends[0].Name })
		}).begin(1, "")
		a.in.Method, a.in.Path, a.in.NoBody = "GET", "/v1/models", true
		reply := a.RequestHeaders()
		for name, want := range map[string]bool{"gemini-embedding-001": true, "text-embedding-005": offered} {
			if strings.Contains(string(reply.Body), `"`+name+`"`) != want {
				t.Errorf("%s: %s is listed: %t", kind, name, !want)
			}
		}
	}
}

// A name that is far too long is refused before it is compared with anything,
// wherever it stands.
func TestLongModelNames(t *testing.T) {
	long := "claude-" + strings.Repeat("hai", 10_000) + "%2Fz" + strings.Repeat(":free", 5_000)
	contents, messages := `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`, `"messages":[{"role":"user","content":"hi"}]`
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/v1/models/" + long, ""},
		{"GET", "/v1beta/models/" + long, ""},
		{"GET", "/v1beta1/publishers/google/models/" + long, ""},
		{"POST", "/openai/deployments/" + long + "/chat/completions", `{` + messages + `}`},
		{"POST", "/v1beta/models/" + long + ":generateContent", contents},
		{"POST", "/v1beta/models/" + long + ":countTokens", contents},
		{"POST", "/v1/messages", `{"model":"` + long + `","max_tokens":9,` + messages + `}`},
	} {
		a := newRig(t, nil).begin(1, "")
		a.in.Method, a.in.Path = c.method, c.path
		reply := a.RequestHeaders()
		if reply == nil {
			_, reply = a.RequestBody(t.Context(), []byte(c.body))
		}
		if reply == nil || reply.Status != 400 || !strings.Contains(string(reply.Body), "at most 256") {
			t.Errorf("%s %.40s: %+v", c.method, c.path, reply)
		}
	}
}
