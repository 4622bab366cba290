package shortcut

import (
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// Side requests of coding agents are recognized by their texts, as recorded and
// as published with the clients. Only the system text and the last message
// count: the history must never cause a local answer.
const (
	// Claude Code sends this to each of its sub-agents to fill caches.
	warmupText = "Warmup"
	// Claude Code asks with this, one token and nothing else for the headers
	// of the reply that tell of rate limits.
	quotaText = "quota"
	// The system text of Claude Code's question about the topic. It reads an
	// object with isNewTopic and title.
	topicPrompt = "Analyze if this message indicates a new conversation topic."
	// The system text of Claude Code's wish for a title of the session. It
	// reads an object with title.
	titlePrompt = "Generate a concise, sentence-case title"
	// The message with which older versions asked for a title, as plain text.
	titleMessage = "Please write a 5-10 word title for the following conversation:"

	noNewTopic = `{"isNewTopic": false, "title": null}`
)

// Answer is what a side request is answered with.
type Answer struct {
	// Kind is the kind of side request, as a reason.
	Kind string
	// Text is the answer, Finish the upstream's word for its end.
	Text, Finish string
}

// SideRequest answers a side request; ok is false if req is no side request, or
// one that the settings do not name. A side request has no tools, except a
// warm-up.
func SideRequest(req *conversation.Request, on route.LocalSettings) (answer Answer, ok bool) {
	kind, text := sideRequest(req, on)
	return Answer{kind, text, "STOP"}, kind != ""
}

// NoTokens answers a request for no tokens, which is sent to fill a cache. ok
// is false for all others, and if the settings do not name warm-ups.
func NoTokens(req *conversation.Request, on route.LocalSettings) (answer Answer, ok bool) {
	ok = on.Warmup && req.Limits.MaxTokens != nil && *req.Limits.MaxTokens == 0
	return Answer{heal.ReasonWarmup, "", "MAX_TOKENS"}, ok
}

// sideRequest says what kind of side request req is, and what answers it; "" if it
// is none.
func sideRequest(req *conversation.Request, on route.LocalSettings) (kind, answer string) {
	last := lastWords(req)
	if on.Warmup && (last == warmupText || last == quotaText && bare(req)) {
		return heal.ReasonWarmup, "OK"
	}
	if last == "" || len(req.Tools) > 0 {
		return "", ""
	}
	switch {
	case on.Topic && instructed(req, topicPrompt):
		return heal.ReasonTopic, noNewTopic
	case on.Title && instructed(req, titlePrompt):
		return heal.ReasonTitle, `{"title": ` + string(conversation.Quote(titleOf(last))) + `}`
	case on.Title && strings.HasPrefix(last, titleMessage):
		return heal.ReasonTitle, titleOf(strings.TrimPrefix(last, titleMessage))
	}
	return "", ""
}

// bare reports whether a request is one message that wants one token.
func bare(req *conversation.Request) bool {
	return len(req.Messages) == 1 && len(req.System) == 0 && len(req.Tools) == 0 &&
		req.Limits.MaxTokens != nil && *req.Limits.MaxTokens == 1
}

// instructed reports whether a block of the system text begins with prompt.
func instructed(req *conversation.Request, prompt string) bool {
	for _, p := range req.System {
		if p.Kind == conversation.KindText && strings.HasPrefix(strings.TrimSpace(p.Text.String()), prompt) {
			return true
		}
	}
	return false
}

// lastWords is the user's text in the last message; "" if it has other content
// too. Reminders that Claude Code adds, as blocks or as system messages after
// it, are ignored.
func lastWords(req *conversation.Request) string {
	at := len(req.Messages) - 1
	for at >= 0 && req.Messages[at].Role == conversation.System {
		at--
	}
	if at < 0 || req.Messages[at].Role != conversation.User {
		return ""
	}
	var said strings.Builder
	for _, p := range req.Messages[at].Parts {
		if p.Kind != conversation.KindText {
			return ""
		}
		text := strings.TrimSpace(p.Text.String())
		switch {
		case text == "":
			continue
		case strings.HasPrefix(text, "<system-reminder>") && strings.HasSuffix(text, "</system-reminder>"):
			continue
		case said.Len() > 0:
			said.WriteByte('\n')
		}
		said.WriteString(text)
	}
	return said.String()
}

const (
	titleWords  = 6
	titleLength = 60 // in bytes
	// titleSource bounds how much of the text is looked at.
	titleSource = 4 << 10
)

// titleOf makes a title of the first words of a text, without markup such as
// <session> and names of speakers.
func titleOf(text string) string {
	text = strings.ToValidUTF8(text[:min(len(text), titleSource)], "")
	var words []string
	length := 0
	for word := range strings.FieldsSeq(text) {
		word = strings.Trim(word, "\"'`*#")
		if word == "" || word[0] == '<' || word[0] == '[' || strings.EqualFold(word, "user:") {
			continue
		}
		if length += len(word) + 1; length > titleLength || len(words) == titleWords {
			break
		}
		words = append(words, word)
	}
	if len(words) == 0 {
		return "New conversation"
	}
	return strings.TrimRight(strings.Join(words, " "), ".,:;!?")
}
