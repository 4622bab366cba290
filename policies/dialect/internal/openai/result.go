package openai

import (
	"slices"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Results are the parts of a message that is a tool's result with the given
// content. Some clients put results of another API's shape into such a message:
// then those are it.
func Results(r conversation.Result, content []conversation.Part) []conversation.Part {
	if len(content) > 0 && !slices.ContainsFunc(content, func(p conversation.Part) bool { return !isResult(p) }) {
		return content
	}
	r.Parts = Flatten(content)
	return []conversation.Part{{Kind: conversation.KindResult, Result: &r}}
}

// Flatten puts what results within a result hold in their place.
func Flatten(content []conversation.Part) []conversation.Part {
	if !slices.ContainsFunc(content, isResult) {
		return content
	}
	var flat []conversation.Part
	for _, p := range content {
		if isResult(p) {
			flat = append(flat, p.Result.Parts...)
		} else {
			flat = append(flat, p)
		}
	}
	return flat
}

func isResult(p conversation.Part) bool { return p.Kind == conversation.KindResult }
