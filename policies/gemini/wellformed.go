package gemini

import (
	"bytes"
	"unicode/utf8"
)

// wellFormed repairs what clients' JSON may have and strict parsers refuse:
// bytes that are not UTF-8, and escapes for half of a surrogate pair, which
// JavaScript writes where it cut a string in the middle of an emoji. Both stand
// in strings only and become U+FFFD. The body is changed in place where it can
// be, and returned.
func wellFormed(body []byte) []byte {
	if !utf8.Valid(body) {
		body = bytes.ToValidUTF8(body, []byte("\uFFFD"))
	}
	if !bytes.Contains(body, []byte(`\u`)) {
		return body
	}
	for at := 0; ; {
		i := bytes.IndexByte(body[at:], '\\')
		if i < 0 {
			return body
		}
		at += i
		unit := escapedUnit(body[at:])
		switch {
		case unit < 0: // a short escape such as \n or \\
			at += 2
		case unit&0xfc00 == 0xd800 && escapedUnit(body[at+6:])&^0x3ff == 0xdc00:
			at += 12 // a pair
		case unit&0xf800 == 0xd800:
			copy(body[at:], `\ufffd`)
			at += 6
		default:
			at += 6
		}
		if at >= len(body) {
			return body
		}
	}
}

// escapedUnit returns the UTF-16 unit of the \u escape that b begins with, or
// -1.
func escapedUnit(b []byte) int {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	unit := 0
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			unit = unit<<4 | int(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			unit = unit<<4 | int(c|0x20-'a'+10)
		default:
			return -1
		}
	}
	return unit
}
