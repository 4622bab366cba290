package exchange

import (
	"time"

	"github.com/heald-proxy/heald/policies/gemini"
)

// How each API words its list of models, and one model of it. Which names the
// lists hold is decided in catalogue.go, which of them a page has in
// modelpage.go.

// listedModel is a name that clients can ask for.
type listedModel struct {
	name string
	// of is the model that an alias stands for, the first of its chain; ""
	// for a name that is a model's own.
	of      string
	can     gemini.Capability
	created time.Time
	methods []string // of Gemini's API
}

func (a *attempt) listedModel(name string) listedModel {
	model := a.x.cfg.Models.Resolve(name)[0].Model
	m := listedModel{name: name, can: a.x.table.Load().Capabilities(model), created: gemini.Released(model), methods: a.methods(model)}
	if model != name {
		m.of = model
	}
	return m
}

// listedModels are those of names that the client's API has. Anthropic's has none
// that make embeddings, so its clients offer all of the list for chats.
func (a *attempt) listedModels(names []string) []listedModel {
	claude := a.endpoint.wordedBy(a.in.Headers) == claudeDialect
	models := make([]listedModel, 0, len(names))
	for _, n := range names {
		if m := a.listedModel(n); !claude || !m.can.Embeds() {
			models = append(models, m)
		}
	}
	return models
}

// display is what clients show of a model: of an alias also what it stands for.
func (m listedModel) display() string {
	if m.of == "" {
		return m.name
	}
	return m.name + " (" + m.of + ")"
}

type claudeModel struct {
	Type        string `json:"type"`
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
	CreatedAt   string `json:"created_at"`
	MaxInput    int    `json:"max_input_tokens,omitempty"`
	MaxTokens   int    `json:"max_tokens,omitempty"`
}

func (m listedModel) claude() any {
	return claudeModel{Type: "model", ID: m.name, DisplayName: m.display(), CreatedAt: m.created.Format(time.RFC3339), MaxInput: m.can.Context, MaxTokens: m.can.MaxOutput}
}

func claudeModels(page modelPage) any {
	out := map[string]any{"data": worded(page.models, listedModel.claude), "has_more": page.more, "first_id": nil, "last_id": nil}
	if n := len(page.models); n > 0 {
		out["first_id"], out["last_id"] = page.models[0].name, page.models[n-1].name
	}
	return out
}

// openAIModel has two fields more for an alias: root, as vLLM has it, and name,
// as OpenRouter has it and chat UIs show it.
type openAIModel struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
	Name    string `json:"name,omitempty"`
	Root    string `json:"root,omitempty"`
}

func (m listedModel) openAI() any {
	out := openAIModel{ID: m.name, Object: "model", Created: m.created.Unix(), OwnedBy: "google", Root: m.of}
	if m.of != "" {
		out.Name = m.display()
	}
	return out
}

type nativeModel struct {
	Name        string   `json:"name"`
	Display     string   `json:"displayName"`
	Description string   `json:"description,omitempty"`
	Input       int      `json:"inputTokenLimit,omitempty"`
	Output      int      `json:"outputTokenLimit,omitempty"`
	Methods     []string `json:"supportedGenerationMethods"`
	Thinks      bool     `json:"thinking,omitempty"`
}

func (m listedModel) native() any {
	out := nativeModel{Name: "models/" + m.name, Display: m.display(), Input: m.can.Context, Output: m.can.MaxOutput,
		Methods: m.methods, Thinks: m.can.Thinking != gemini.NoControl}
	if m.of != "" {
		out.Description = "Stands for " + m.of + "."
	}
	return out
}

// vertex is a model as Vertex AI lists those of a publisher.
func (m listedModel) vertex() any {
	return struct {
		Name    string `json:"name"`
		Version string `json:"versionId"`
	}{"publishers/google/models/" + m.name, "default"}
}

// worded is a list in the words of an API.
func worded(models []listedModel, word func(listedModel) any) []any {
	out := make([]any, 0, len(models))
	for _, m := range models {
		out = append(out, word(m))
	}
	return out
}

// oneModel words a single model.
func (a *attempt) oneModel(m listedModel) any {
	switch a.endpoint.wordedBy(a.in.Headers) {
	case nativeDialect:
		return a.endpoint.nativeWords()(m)
	case claudeDialect:
		return m.claude()
	}
	return m.openAI()
}

// allModels words the page that the query asks for. OpenAI's list has no pages.
func (a *attempt) allModels(models []listedModel) (any, error) {
	switch a.endpoint.wordedBy(a.in.Headers) {
	case nativeDialect:
		page, err := nativePage(models, a.endpoint.query)
		list := "models"
		if a.endpoint.publishers() {
			list = "publisherModels"
		}
		out := map[string]any{list: worded(page.models, a.endpoint.nativeWords())}
		if page.more {
			out["nextPageToken"] = page.models[len(page.models)-1].name
		}
		return out, err
	case claudeDialect:
		page, err := claudePage(models, a.endpoint.query)
		return claudeModels(page), err
	}
	list := map[string]any{"object": "list", "data": worded(models, listedModel.openAI)}
	if a.endpoint.isCodex() {
		list["models"] = codexModels(models, a.x.cfg.Models.Resolve(codexName)[0].Model)
	}
	return list, nil
}

// nativeWords are those of Gemini's API or of Vertex AI.
func (e *endpoint) nativeWords() func(listedModel) any {
	if e.publishers() {
		return listedModel.vertex
	}
	return listedModel.native
}
