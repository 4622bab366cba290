package openai

import (
	"slices"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Results are the parts of a message that is a tool's result with the given
// content. Some clients put results of another API's shape into such a message:
// then those are it.
func Results(w *jsonwalk.Walker, r conversation.Result, content []conversation.Part) ([]conversation.Part, error) {
	result := func(p conversation.Part) bool { return p.Kind == conversation.KindResult }
	if len(content) > 0 && !slices.ContainsFunc(content, func(p conversation.Part) bool { return !result(p) }) {
		return content, nil
	}
	r.Parts = content
	return []conversation.Part{{Kind: conversation.KindResult, Result: &r}}, OnlyContent(w, "content", content)
}

// OnlyContent checks the parts of a result, which are in field name.
func OnlyContent(w *jsonwalk.Walker, name string, parts []conversation.Part) error {
	for _, p := range parts {
		if p.Kind != conversation.KindText && p.Kind != conversation.KindMedia {
			return w.Invalid(name, "a tool result may only hold text, images, documents and search results")
		}
	}
	return nil
}
