package jsonwalk

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/heald-proxy/heald/policies/conversation"
)

// DecodeSanitized runs decode on body and, if that fails, again on the result
// of Sanitize. Few bodies need that, and checking takes as long as decoding.
func DecodeSanitized(body []byte, decode func([]byte) (*conversation.Request, error)) (*conversation.Request, error) {
	req, err := decode(body)
	if err == nil {
		return req, nil
	}
	if mended := Sanitize(body); !bytes.Equal(mended, body) {
		return decode(mended)
	}
	return nil, err
}

// Sanitize returns body without what strict JSON readers refuse but clients send
// when they cut text or read binary files as text: invalid UTF-8 and half
// surrogate pairs. Both become U+FFFD. A body that has neither, nearly every
// one, is returned unchanged.
func Sanitize(body []byte) []byte {
	if !utf8.Valid(body) {
		body = bytes.ToValidUTF8(body, []byte("\uFFFD"))
	}
	return pairSurrogates(body)
}

// pairSurrogates replaces escapes of half surrogate pairs. Backslashes occur
// in strings only, so the structure around them need not be known.
func pairSurrogates(body []byte) []byte {
	copied := false
	for i := 0; i < len(body); {
		next := bytes.IndexByte(body[i:], '\\')
		if next < 0 {
			break
		}
		i += next
		if !surrogate(body[i:], '8', 'f') {
			i += 2 // skip the escaped character, which may be a backslash
			continue
		}
		if surrogate(body[i:], '8', 'b') && surrogate(body[i+6:], 'c', 'f') {
			i += 12
			continue
		}
		if !copied {
			body, copied = slices.Clone(body), true
		}
		copy(body[i:], `\ufffd`)
		i += 6
	}
	return body
}

// surrogate reports whether b starts with an escape \uDxxx whose second digit
// is between lo and hi, lower case.
func surrogate(b []byte, lo, hi byte) bool {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' || b[2]|0x20 != 'd' || !hexDigit(b[4]) || !hexDigit(b[5]) {
		return false
	}
	digit := b[3]
	if digit > '9' {
		digit |= 0x20
	}
	return lo <= digit && digit <= hi
}

// hexDigit reports whether c may stand in an escape. The reader refuses others.
func hexDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}
