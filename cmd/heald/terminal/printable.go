package terminal

import (
	"strings"
	"unicode"
)

// Printable is a text that moves no cursor and colors nothing, for texts that
// clients and providers choose: what a terminal would obey becomes U+FFFD.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
