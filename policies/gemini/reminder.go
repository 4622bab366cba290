package gemini

import (
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Claude Code marks text that it injects into user messages with these tags.
// The model knows them from there, so system text in mid-conversation, which
// the API has no place for, is marked the same way.
const (
	reminderBegin = "<system-reminder>"
	reminderEnd   = "</system-reminder>"
)

// wrapReminder marks system text at its position in the conversation (N13). An
// instruction that came late could also join the system instruction, but then
// the whole conversation would miss the upstream's cache.
func wrapReminder(t conversation.Text) conversation.Text {
	if isReminder(t) {
		return t
	}
	return conversation.Join("\n", conversation.Quote(reminderBegin), t, conversation.Quote(reminderEnd))
}

// isReminder reports whether the whole text was injected.
func isReminder(t conversation.Text) bool {
	s := strings.TrimSpace(t.String())
	return strings.HasPrefix(s, reminderBegin) && strings.HasSuffix(s, reminderEnd)
}

// inlineReminders appends the injected texts that rest begins with to the last
// answer of t, and returns what is left (N7).
func (r *renderer) inlineReminders(t *turn, rest []piece) []piece {
	if !r.can.InlineReminders {
		return rest
	}
	last := &t.pieces[len(t.pieces)-1]
	if last.native { // its response is the client's
		return rest
	}
	for len(rest) > 0 {
		p := &rest[0]
		if p.kind != conversation.KindText || !p.reminder && !isReminder(p.text) {
			break
		}
		last.output = append(last.output, blankLine, p.text)
		rest = rest[1:]
	}
	return rest
}
