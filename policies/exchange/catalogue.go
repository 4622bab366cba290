package exchange

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/heal"
)

// Model lists are answered here, without upstream: the list is what this
// gateway can serve, which is what its configuration and the table of models
// say. Aliases are listed too, since clients pick from the list.

// modelsPrefixes are the paths of model lists, and whether they are Gemini's.
var modelsPrefixes = []struct {
	path   string
	native bool
}{
	{"/v1beta/models", true},
	{"/v1/models", false},
	{"/openai/v1/models", false},
	{"/v1beta/openai/models", false},
	{"/anthropic/v1/models", false},
}

// listModels answers a request for the list of models, or for one of them; nil
// if the request is for something else.
func (a *attempt) listModels() *policies.Reply {
	path, query := splitPath(a.in.Path)
	if a.in.Method != http.MethodGet && a.in.Method != http.MethodHead {
		return nil
	}
	for _, p := range modelsPrefixes {
		name, ok := strings.CutPrefix(path, p.path)
		if !ok || (name != "" && name[0] != '/') {
			continue
		}
		if decoded, err := url.PathUnescape(strings.TrimPrefix(name, "/")); err == nil {
			return a.modelReply(p.native, decoded, query)
		}
	}
	return nil
}

func (a *attempt) modelReply(native bool, name, query string) *policies.Reply {
	names := a.modelNames()
	if name != "" && a.x.cfg.Models.aliased(name) {
		names = append(names, name) // of a pattern, which no list can hold
	}
	if name != "" && !slices.Contains(names, name) {
		return a.refuse(heal.ReasonModelList, &conversation.Error{Kind: conversation.ErrNotFound, Param: "model",
			Message: "this gateway serves no model called " + policies.Clean(name)})
	}
	var body any
	switch {
	case native:
		body = nativeModels(a.capabilities, names, name)
	case a.in.Headers.Get("anthropic-version") != "":
		body = claudeModels(a.capabilities, names, name, query)
	default:
		body = openAIModels(names, name)
	}
	text, _ := json.Marshal(body) // strings and numbers always encode
	a.record.final = true
	a.settle(policies.Pass, heal.ReasonModelList)
	a.move(over)
	return &policies.Reply{
		Status: http.StatusOK, Verdict: policies.Pass, Reason: heal.ReasonModelList, Body: text,
		Headers: append(policies.Headers{
			{Name: "content-type", Value: "application/json"},
			{Name: policies.HeaderLocal, Value: heal.ReasonModelList},
			{Name: policies.HeaderClientRequestID, Value: a.requestID()},
		}, a.x.cfg.Browsers.readable(a.in)...),
	}
}

// capabilities are those of the model that a name stands for, the first of its
// chain.
func (a *attempt) capabilities(name string) gemini.Capability {
	return a.x.table.Capabilities(a.x.cfg.Models.Resolve(name)[0].Model)
}

// modelNames are the models that can be asked for: those of the backends, or
// of the table where a backend serves all, and the aliases that are names.
func (a *attempt) modelNames() []string {
	names := map[string]bool{}
	for _, b := range a.backends {
		for _, m := range b.Models {
			names[m] = true
		}
		if len(b.Models) == 0 {
			for _, r := range a.x.table {
				names[r.Model] = true
			}
		}
	}
	for alias := range a.x.cfg.Models.Aliases {
		if !strings.Contains(alias, "*") {
			names[alias] = true
		}
	}
	out := make([]string, 0, len(names))
	for n := range names {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// epoch stands for a creation time that nobody knows.
const epoch = "1970-01-01T00:00:00Z"

type claudeModel struct {
	Type        string `json:"type"`
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
	CreatedAt   string `json:"created_at"`
	MaxInput    int    `json:"max_input_tokens,omitempty"`
	MaxTokens   int    `json:"max_tokens,omitempty"`
}

func claudeModels(of func(string) gemini.Capability, names []string, one, query string) any {
	models := make([]claudeModel, 0, len(names))
	for _, n := range names {
		can := of(n)
		m := claudeModel{Type: "model", ID: n, DisplayName: n, CreatedAt: epoch, MaxInput: can.Context, MaxTokens: can.MaxOutput}
		if n == one {
			return m
		}
		models = append(models, m)
	}
	page, more := pageOf(models, query)
	out := map[string]any{"data": page, "has_more": more, "first_id": nil, "last_id": nil}
	if len(page) > 0 {
		out["first_id"], out["last_id"] = page[0].ID, page[len(page)-1].ID
	}
	return out
}

// pageOf cuts the page that limit, after_id and before_id ask for; the
// Anthropic API's default is 20 a page, its limit 1,000.
func pageOf(models []claudeModel, query string) (page []claudeModel, more bool) {
	q, _ := url.ParseQuery(query) // what cannot be parsed asks for nothing
	at := func(id string) int {
		return slices.IndexFunc(models, func(m claudeModel) bool { return m.ID == id })
	}
	if i := at(q.Get("after_id")); i >= 0 {
		models = models[i+1:]
	}
	if i := at(q.Get("before_id")); i >= 0 {
		models = models[:i]
	}
	limit := 20
	var asked int
	if json.Unmarshal([]byte(q.Get("limit")), &asked) == nil && asked > 0 {
		limit = min(asked, 1000)
	}
	if len(models) > limit {
		return models[:limit], true
	}
	return models, false
}

func openAIModels(names []string, one string) any {
	type model struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int    `json:"created"`
		OwnedBy string `json:"owned_by"`
	}
	models := make([]model, 0, len(names))
	for _, n := range names {
		m := model{ID: n, Object: "model", OwnedBy: "google"}
		if n == one {
			return m
		}
		models = append(models, m)
	}
	return map[string]any{"object": "list", "data": models}
}

func nativeModels(of func(string) gemini.Capability, names []string, one string) any {
	type model struct {
		Name    string   `json:"name"`
		Display string   `json:"displayName"`
		Input   int      `json:"inputTokenLimit,omitempty"`
		Output  int      `json:"outputTokenLimit,omitempty"`
		Methods []string `json:"supportedGenerationMethods"`
	}
	models := make([]model, 0, len(names))
	for _, n := range names {
		can := of(n)
		m := model{Name: "models/" + n, Display: n, Input: can.Context, Output: can.MaxOutput,
			Methods: []string{"generateContent", "streamGenerateContent", "countTokens"}}
		if n == one {
			return m
		}
		models = append(models, m)
	}
	return map[string]any{"models": models}
}
