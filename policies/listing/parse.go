package listing

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies/gemini"
)

// Model is what a backend says of one model. Unknown fields are zero.
type Model struct {
	Name string // without any prefix
	// Input and Output are limits in tokens.
	Input, Output int
	// Thinks says that the model thinks.
	Thinks bool
	// Methods are what it can be asked for; nil if the list does not say.
	Methods []string
}

var errNoList = errors.New("the reply is no list of models")

// Parse reads one page of a list. next is the token of the page after it; ""
// for the last one.
func Parse(page []byte) (models []Model, next string, err error) {
	type entry struct {
		Name     string   `json:"name"`
		Input    int      `json:"inputTokenLimit"`
		Output   int      `json:"outputTokenLimit"`
		Thinking bool     `json:"thinking"`
		Methods  []string `json:"supportedGenerationMethods"`
	}
	var list struct {
		Models    []entry `json:"models"`
		Publisher []entry `json:"publisherModels"`
		Next      string  `json:"nextPageToken"`
	}
	if err := json.Unmarshal(page, &list); err != nil {
		return nil, "", errNoList // the error may quote the reply
	}
	for _, e := range slices.Concat(list.Models, list.Publisher) {
		name := e.Name[strings.LastIndexByte(e.Name, '/')+1:]
		if gemini.ValidModel(name) != nil {
			continue
		}
		models = append(models, Model{Name: name, Input: max(e.Input, 0), Output: max(e.Output, 0), Thinks: e.Thinking, Methods: e.Methods})
	}
	return models, list.Next, nil
}

// live are parts of the names of models that are used over WebSockets.
var live = []string{"live", "native"}

// Generates reports whether a model takes generateContent. Where the list does
// not say, its name must do: Vertex AI lists models of all kinds.
func (m *Model) Generates() bool {
	if m.Methods != nil {
		return slices.Contains(m.Methods, "generateContent")
	}
	words := strings.Split(m.Name, "-")
	return words[0] == "gemini" && !m.vectors() && !slices.ContainsFunc(live, func(w string) bool { return slices.Contains(words, w) })
}

// Embeds reports whether a model makes embeddings by the methods that heald asks.
func (m *Model) Embeds() bool {
	if m.Methods != nil {
		return slices.Contains(m.Methods, "embedContent")
	}
	return m.vectors()
}

// vectors reports whether the model's name is that of an embedding model.
func (m *Model) vectors() bool {
	return gemini.DefaultTable.Capabilities(m.Name).Embeds()
}
