package redact

import "unicode/utf8"

// Limit bounds how much of a provider's error is repeated, in bytes: in one
// line of the log, and in one reply. Google's own errors are shorter.
const Limit = 2 << 10

// ending marks a text that was cut.
const ending = "… [truncated]"

// Bound cuts a text that is longer than limit bytes between two characters, and
// says so. The result is no longer than limit.
func Bound(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	end := max(limit-len(ending), 0)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + ending
}
