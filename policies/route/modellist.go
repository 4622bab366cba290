package route

import (
	"time"

	"github.com/heald-proxy/heald/policies/gemini"
)

// The form of the list of models, and of one model, in each API. view.go
// decides on the names in the lists, modelpage.go on those of a page.

// Listed is a name that clients can ask for.
type Listed struct {
	Name string
	// Of is the model that an alias stands for, the first of its chain; ""
	// for a name that is a model's own.
	Of string
	// Can is what is known of the model.
	Can     gemini.Capability
	Created time.Time
	// Methods are those of Gemini's API.
	Methods []string
}

// display is the name that clients show; for an alias also what it stands for.
func (m Listed) display() string {
	if m.Of == "" {
		return m.Name
	}
	return m.Name + " (" + m.Of + ")"
}

type claudeModel struct {
	Type        string `json:"type"`
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
	CreatedAt   string `json:"created_at"`
	MaxInput    int    `json:"max_input_tokens,omitempty"`
	MaxTokens   int    `json:"max_tokens,omitempty"`
}

// Claude is the model in the form of Anthropic's API.
func (m Listed) Claude() any {
	return claudeModel{Type: "model", ID: m.Name, DisplayName: m.display(), CreatedAt: m.Created.Format(time.RFC3339), MaxInput: m.Can.Context, MaxTokens: m.Can.MaxOutput}
}

// ClaudeList is the page that a query asks for of Anthropic's list.
func ClaudeList(models []Listed, query string) (any, error) {
	page, err := claudePage(models, query)
	if err != nil {
		return nil, err
	}
	out := map[string]any{"data": encodeList(page.models, Listed.Claude), "has_more": page.more, "first_id": nil, "last_id": nil}
	if n := len(page.models); n > 0 {
		out["first_id"], out["last_id"] = page.models[0].Name, page.models[n-1].Name
	}
	return out, nil
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

// OpenAI is the model in the form of OpenAI's API.
func (m Listed) OpenAI() any {
	out := openAIModel{ID: m.Name, Object: "model", Created: m.Created.Unix(), OwnedBy: "google", Root: m.Of}
	if m.Of != "" {
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

// Native is the model in the form of Gemini's API.
func (m Listed) Native() any {
	out := nativeModel{Name: "models/" + m.Name, Display: m.display(), Input: m.Can.Context, Output: m.Can.MaxOutput,
		Methods: m.Methods, Thinks: m.Can.Thinking != gemini.NoControl}
	if m.Of != "" {
		out.Description = "Stands for " + m.Of + "."
	}
	return out
}

// Vertex is the model as Vertex AI lists those of a publisher.
func (m Listed) Vertex() any {
	return struct {
		Name    string `json:"name"`
		Version string `json:"versionId"`
	}{"publishers/google/models/" + m.Name, "default"}
}

// encodeList encodes a list in the form of an API.
func encodeList(models []Listed, word func(Listed) any) []any {
	out := make([]any, 0, len(models))
	for _, m := range models {
		out = append(out, word(m))
	}
	return out
}

// OpenAIList is OpenAI's list, which has no pages.
func OpenAIList(models []Listed) map[string]any {
	return map[string]any{"object": "list", "data": encodeList(models, Listed.OpenAI)}
}

// NativeList is the page that a query asks for of Gemini's list.
func NativeList(models []Listed, query string) (any, error) {
	return geminiList("models", models, Listed.Native, query)
}

// VertexList is the page that a query asks for of Vertex AI's list of a publisher.
func VertexList(models []Listed, query string) (any, error) {
	return geminiList("publisherModels", models, Listed.Vertex, query)
}

func geminiList(field string, models []Listed, word func(Listed) any, query string) (any, error) {
	page, err := nativePage(models, query)
	if err != nil {
		return nil, err
	}
	out := map[string]any{field: encodeList(page.models, word)}
	if page.more {
		out["nextPageToken"] = page.models[len(page.models)-1].Name
	}
	return out, nil
}
