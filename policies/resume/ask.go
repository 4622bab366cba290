package resume

import (
	"errors"
	"slices"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Able reports whether an answer to req could be resumed at all.
func Able(req *conversation.Request) bool {
	switch {
	case !req.Stream, // a document is retried whole
		req.Format != nil, // a continuation would be a document of its own
		req.Limits.Candidates > 1,
		req.Limits.Logprobs,
		req.Choice.Mode == conversation.ChoiceAny, req.Choice.Mode == conversation.ChoiceNamed:
		return false
	}
	return !slices.ContainsFunc(req.Output.Modalities, func(m string) bool { return m != "text" }) &&
		// Citations count characters from the beginning of the answer.
		!slices.ContainsFunc(req.Tools, func(t conversation.Tool) bool { return t.Kind != conversation.Function }) &&
		req.Upstream.CachedContent == "" // may hold tools
}

// bytesPerToken is a cautious guess for text.
const bytesPerToken = 4

// Ask returns the request for the rest of an answer to req that broke off
// after the text said and cost used, and what joins its reply to the text.
func Ask(req *conversation.Request, said string, used conversation.Usage) (*conversation.Request, *Rest, error) {
	anchor, ok := anchorOf(said)
	if !ok {
		return nil, nil, errors.New("the text so far has no end that stands in it only once")
	}
	asked := *req
	asked.Warnings = nil
	if most := req.Limits.MaxTokens; most != nil {
		spent := used.Output
		if !used.Known {
			spent = len(said) / bytesPerToken
		}
		left := *most - spent
		if left <= len(anchor)/bytesPerToken {
			return nil, nil, errors.New("the token limit leaves no room for more")
		}
		asked.Limits.MaxTokens = &left
	}
	asked.Messages = append(slices.Clip(req.Messages),
		conversation.Message{Role: conversation.Model, Parts: []conversation.Part{text(said)}},
		conversation.Message{Role: conversation.User, Parts: []conversation.Part{text(wish(anchor))}})
	return &asked, &Rest{joint: newJoint(said, anchor), before: used}, nil
}

// wish asks for the continuation in words.
func wish(anchor string) string {
	return "Your last message was cut off by a broken connection. Continue it now.\n" +
		"Begin your reply with a verbatim repetition of the last words that arrived, which stand between the marks below, " +
		"character for character and without the marks. Then go on directly from there, as if there had been no interruption. " +
		"Write nothing before these words, repeat nothing else, and do not mention the interruption.\n" +
		"<last-words>" + anchor + "</last-words>"
}

func text(s string) conversation.Part {
	return conversation.Part{Kind: conversation.KindText, Text: conversation.Quote(s)}
}
