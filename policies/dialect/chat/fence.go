package chat

import (
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
)

// maxLanguage bounds the language named at a fence.
const maxLanguage = 32

// fenced puts code between fences longer than any inside it: the API has no
// place for code that the upstream ran. nil for no code.
func fenced(language string, code conversation.Text) conversation.Text {
	if code.Empty() {
		return nil
	}
	fence := strings.Repeat("`", max(3, longestRun(code, '`')+1))
	language = strings.ToLower(language)
	if len(language) > maxLanguage || strings.ContainsFunc(language, func(r rune) bool { return r < 'a' || r > 'z' }) {
		language = "" // not the name of a language
	}
	return conversation.Join("\n", conversation.Quote("\n"+fence+language), code, conversation.Quote(fence+"\n"))
}

// longestRun is the length of the longest run of c in text.
func longestRun(text []byte, c byte) (longest int) {
	run := 0
	for _, b := range text {
		if run++; b != c {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// fencedResult is the output of the code that was run; without output, the
// outcome, unless that is OK.
func fencedResult(outcome string, output conversation.Text) conversation.Text {
	if output.Empty() && outcome != "OUTCOME_OK" {
		output = conversation.Quote(outcome)
	}
	return fenced("", output)
}
