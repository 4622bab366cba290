package gemini

import (
	"errors"
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Control says how a model's thinking is controlled. A model takes one of the
// two; both together are refused.
type Control uint8

// The controls.
const (
	NoControl     Control = iota // thinkingConfig must be left out
	BudgetControl                // thinkingBudget, in tokens
	LevelControl                 // thinkingLevel
)

// Capability is what a model can do and what it refuses. The zero value is an
// unknown model, which gets everything but thinking settings.
type Capability struct {
	Thinking Control
	// MinBudget and MaxBudget bound a thinkingBudget that is not 0 or -1.
	MinBudget, MaxBudget int
	// ZeroBudget says that 0 switches thinking off.
	ZeroBudget bool
	// Levels are the thinking levels that are accepted, lowest first.
	Levels []string

	// FixedSampling: temperature, topP and topK have no effect, and will be
	// refused later.
	FixedSampling bool
	// NoPenalties: presencePenalty and frequencyPenalty are refused.
	NoPenalties bool
	// OneCandidate: more than one answer is refused.
	OneCandidate bool
	// Outputs are the kinds of answer that the model makes, as in
	// conversation.Output, or VectorOutput alone; nil if unknown.
	Outputs []string
	// Predicts: Vertex AI makes its embeddings with the method predict.
	Predicts bool
	// VertexOnly: AI Studio does not have the model.
	VertexOnly bool
	// Ratios and Scales are those that an image may have, as in
	// conversation.Image, Scales from the smallest to the largest; nil if unknown.
	Ratios, Scales []string
	// PartResolution: a part may carry its own media resolution; otherwise
	// there is one for all.
	PartResolution bool
	// NoTrailingModel: contents must not end with a model turn.
	NoTrailingModel bool
	// NoFunctions: function declarations are refused (image models).
	NoFunctions bool
	// MixedTools: built-in tools and functions may stand together.
	MixedTools bool
	// JSONWithTools: a JSON response format and tools may stand together.
	JSONWithTools bool
	// ProtoSchema: schemas are written as the API's own type, in parameters and
	// responseSchema; JSON Schema is unknown.
	ProtoSchema bool
	// StrictSignatures: the first call of a step must carry a thought
	// signature.
	StrictSignatures bool
	// CallIDs: calls and answers are matched by their ids.
	CallIDs bool
	// MediaInResults: functionResponse.parts may carry media.
	MediaInResults bool
	// LoneAnswers: beside anything else in one content, function responses
	// give empty replies.
	LoneAnswers bool
	// InlineReminders: text that was injected after tool results belongs into
	// the last result. Beside it, it gives empty replies; in a turn of its own
	// it starts a new turn and the model loses its thoughts.
	InlineReminders bool

	// MaxOutput and Context are in tokens; 0 if unknown.
	MaxOutput, Context int
	// CachedFrom is the least prompt, in tokens, that is cached without being
	// asked for (ai.google.dev/gemini-api/docs/caching, "Implicit caching"); 0 if
	// none is.
	CachedFrom int
}

// Embeds reports whether the model makes vectors, and nothing else.
func (c Capability) Embeds() bool { return slices.Contains(c.Outputs, VectorOutput) }

// CheckOperation returns the error for an operation that the model does not
// support; nil if it may support it.
func (c Capability) CheckOperation(op conversation.Operation) error {
	switch {
	case op == conversation.Embed && c.Outputs != nil && !c.Embeds():
		return errors.New("this model makes no embeddings; ask for one that does, such as gemini-embedding-001")
	case op == conversation.Generate && c.Embeds():
		return errors.New("this model makes embeddings only, and no answers; ask for it at /v1/embeddings or by embedContent")
	}
	return nil
}

// Row is the capability of one model.
type Row struct {
	// Model is the name without suffixes such as -preview or -001: a row
	// holds for every name that continues it with a hyphen and has no row of
	// its own.
	Model string
	Capability
}

// Table is a list of models and their capabilities. Where two rows match, the
// longer name counts; of equal names the later.
type Table []Row

// With returns the table extended by rows, which replace rows with equal names.
func (t Table) With(rows ...Row) Table {
	return append(t[:len(t):len(t)], rows...)
}

// Capabilities returns what is known of model. Names of Gemini 3 and later, and
// unversioned ones such as gemini-flash-latest, that have no row inherit from
// the newest row of the built-in table: newer models refuse more, so a request
// that suits the newest suits all.
func (t Table) Capabilities(model string) Capability {
	model = strings.ToLower(bareModel(model))
	if row, rest := t.find(model); row != nil {
		return variant(row.Capability, rest)
	}
	version, ok := strings.CutPrefix(model, "gemini-")
	switch {
	case !ok && slices.Contains(strings.Split(model, "-"), embeddingWord):
		return predicts(EmbeddingModel(0)) // such as text-embedding-004: old ones
	case !ok:
		return Capability{}
	}
	if old(version) {
		return Capability{ProtoSchema: true, MaxOutput: 8192, Context: contextWindow}
	}
	return variant(newest, version)
}

// Knows reports whether the table has a row of the model itself. A variant that
// makes images or audio inherits from its base, which has other limits.
func (t Table) Knows(model string) bool {
	row, rest := t.find(strings.ToLower(bareModel(model)))
	return row != nil && !isVariant(rest)
}

// Family returns the model whose row holds for a model; "" if none does.
func (t Table) Family(model string) string {
	if row, _ := t.find(strings.ToLower(bareModel(model))); row != nil {
		return row.Model
	}
	return ""
}

// find returns the row that holds for a model, and the rest of its name after
// the row's; nil if none does.
func (t Table) find(model string) (best *Row, rest string) {
	for i := range t {
		row := &t[i]
		after, ok := strings.CutPrefix(model, row.Model)
		if !ok || after != "" && after[0] != '-' {
			continue
		}
		if best == nil || len(row.Model) >= len(best.Model) {
			best, rest = row, after
		}
	}
	return best, rest
}

// old reports whether a version such as "1.5-pro" came before Gemini 2.5.
func old(version string) bool {
	number, _, _ := strings.Cut(version, "-")
	major, _, _ := strings.Cut(number, ".")
	return major == "0" || major == "1" || major == "2"
}
