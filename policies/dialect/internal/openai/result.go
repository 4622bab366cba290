package openai

import (
	"slices"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Results returns the parts of a message that is a tool's result. If its
// content holds results in another API's form, as some clients send, those are
// returned.
func Results(r conversation.Result, content []conversation.Part) []conversation.Part {
	if len(content) > 0 && !slices.ContainsFunc(content, func(p conversation.Part) bool { return !isResult(p) }) {
		return content
	}
	r.Parts = Flatten(content)
	return []conversation.Part{{Kind: conversation.KindResult, Result: &r}}
}

// Flatten replaces results within a result by their parts.
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
