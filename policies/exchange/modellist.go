package exchange

import (
	"encoding/json"
	"net/url"
	"slices"

	"github.com/heald-proxy/heald/policies/gemini"
)

// How each API words its list of models, and one model of it. Which names the
// lists hold is decided in catalogue.go.

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
