package gemini

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
)

// counted are the kinds of parts, beside text and calls, that are an answer.
var counted = map[string]bool{
	"inlineData": true, "executableCode": true, "codeExecutionResult": true,
	"toolCall": true, "toolResponse": true,
}

// readable gives the text that stands for a part no event carries: code and
// its output as fenced blocks, media as a note. nil for kinds that stay out.
func readable(p *part) conversation.Text {
	switch p.kind {
	case "executableCode":
		return fenced(strings.ToLower(p.label), p.body)
	case "codeExecutionResult":
		if p.body.Empty() && p.label != "" && p.label != "OUTCOME_OK" {
			return fenced("", conversation.Quote(p.label)) // failed without output
		}
		return fenced("", p.body)
	case "inlineData":
		size := base64.RawStdEncoding.DecodedLen(len(bytes.TrimRight(p.body.Inner(), "=")))
		return conversation.Quote(fmt.Sprintf("[inline data: %.64s, %d bytes]", p.label, size))
	}
	return nil
}

// fenced puts escaped text between fences longer than any inside it.
func fenced(language string, text conversation.Text) conversation.Text {
	if text.Empty() {
		return nil
	}
	fence := "```"
	for bytes.Contains(text, []byte(fence)) {
		fence += "`"
	}
	if strings.ContainsFunc(language, func(r rune) bool { return r < 'a' || r > 'z' }) {
		language = "" // not a known language's name; keep it out of the fence
	}
	return conversation.Join("\n", conversation.Quote("\n"+fence+language), trimEnd(text), conversation.Quote(fence+"\n"))
}

// trimEnd takes one escaped line feed from the end.
func trimEnd(t conversation.Text) conversation.Text {
	inner := t.Inner()
	cut, ok := bytes.CutSuffix(inner, []byte(`\n`))
	if !ok || escaped(cut) {
		cut = inner
	}
	return append(append(conversation.Text{'"'}, cut...), '"')
}
