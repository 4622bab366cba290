package resume

import (
	"errors"
	"slices"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Resumable reports whether an answer to req could be resumed at all.
func Resumable(req *conversation.Request) bool {
	switch {
	case req.Format != nil, // a continuation would be a document of its own
		req.Limits.Candidates > 1,
		req.Limits.Logprobs,
		req.Choice.Mode == conversation.ChoiceAny, req.Choice.Mode == conversation.ChoiceNamed:
		return false
	}
	return !slices.ContainsFunc(req.Output.Modalities, func(m string) bool { return m != "text" }) &&
		// Citations count characters from the beginning of the answer.
		!slices.ContainsFunc(req.Tools, func(t conversation.Tool) bool {
			return t.Kind != conversation.Function && t.Kind != conversation.Unavailable
		}) &&
		req.Upstream.CachedContent == "" // may hold tools
}

// Form is a way to ask for the rest. A backend that refuses one, or whose reply
// to it cannot be joined, is asked in the next.
type Form uint8

// The forms, in the order in which they are tried.
const (
	// Continue shows the text so far as a message of the model, and asks the
	// model to continue it.
	Continue Form = iota
	// Quote shows it inside the user's message: for a backend that refuses a
	// conversation with a cut message of the model.
	Quote
	// Repeat sends the request as it was, for a reply that is the same again.
	Repeat
)

// Next returns the form to try after f; ok is false if there is none.
func (f Form) Next() (next Form, ok bool) { return min(f+1, Repeat), f < Repeat }

// Broken is an answer that broke off.
type Broken struct {
	// Text is the answer's text so far.
	Text string
	// Made is the usage of the replies that Text comes from, or of the one reply
	// that has all of it. It counts toward the request's token limit.
	Made conversation.Usage
	// Billed is the usage of all replies so far, including those of which nothing
	// was used.
	Billed conversation.Usage
}

// bytesPerToken is a cautious guess for text.
const bytesPerToken = 4

var (
	// ErrNoAnchor reports that the rest of a text can only be asked for in the
	// form Repeat.
	ErrNoAnchor = errors.New("the text so far has no end that stands in it only once")
	errNoTokens = errors.New("the token limit leaves no room for more")
)

// Ask returns the request for the rest of an answer to req, and the Rest that
// joins its reply to the text.
func Ask(req *conversation.Request, b Broken, form Form) (*conversation.Request, *Rest, error) {
	asked := *req
	asked.Warnings = nil
	if form == Repeat {
		return &asked, &Rest{joint: newJoint(b.Text, ""), before: b.Billed}, nil
	}
	anchor, ok := anchorOf(b.Text)
	if !ok {
		return nil, nil, ErrNoAnchor
	}
	rest := &Rest{joint: newJoint(b.Text, anchor), before: b.Billed}
	if most := req.Limits.MaxTokens; most != nil {
		spent := b.Made.Output
		if !b.Made.Known {
			spent = len(b.Text) / bytesPerToken
		}
		left, seam := *most-spent, len(anchor)/bytesPerToken
		if left <= seam {
			return nil, nil, errNoTokens
		}
		asked.Limits.MaxTokens = &left
		rest.less = spent > seam // with fewer tokens than the seam needs, another request is useless
	}
	asked.Messages = slices.Clip(req.Messages)
	if form == Continue {
		asked.Messages = append(asked.Messages,
			message(conversation.Model, b.Text),
			message(conversation.User, "Your last message was cut off by a broken connection. "+resumePrompt(anchor)))
	} else {
		asked.Messages = append(asked.Messages,
			message(conversation.User, "You have answered this before, but your answer was cut off by a broken connection. "+
				"This much of it arrived:\n<answer>"+b.Text+"</answer>\n"+resumePrompt(anchor)))
	}
	return &asked, rest, nil
}

// resumePrompt asks the model for the rest.
func resumePrompt(anchor string) string {
	return "Continue it now.\n" +
		"Begin your reply with a verbatim repetition of the last words that arrived, which stand between the marks below, " +
		"character for character and without the marks. Then go on directly from there, as if there had been no interruption. " +
		"Write nothing before these words, repeat nothing else, and do not mention the interruption.\n" +
		"<last-words>" + anchor + "</last-words>"
}

func message(role conversation.Role, s string) conversation.Message {
	return conversation.Message{Role: role, Parts: []conversation.Part{text(s)}}
}

func text(s string) conversation.Part {
	return conversation.Part{Kind: conversation.KindText, Text: conversation.Quote(s)}
}
