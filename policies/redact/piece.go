package redact

import (
	"encoding/binary"
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// SearchLimit is how much of a text is searched for pieces of secrets, in
// bytes. It exceeds Limit, which bounds every text that is shown.
const SearchLimit = 8 << 10

// leastPiece is how much of a secret makes a piece, in letters and digits.
// Shorter pieces would match ordinary words.
const leastPiece = 12

// pieces are all runs of leastPiece letters and digits of the secrets, in all
// their forms, read in either direction. Each is kept as a number of 64 bits: a
// collision only hides a harmless text.
type pieces map[uint64]struct{}

func piecesOf(forms []string) pieces {
	p := pieces{}
	for _, form := range forms {
		s := letters(form)
		p.add(s)
		slices.Reverse(s)
		p.add(s)
	}
	return p
}

func (p pieces) add(s []byte) {
	for ; len(s) >= leastPiece; s = s[1:] {
		p[number(s)] = struct{}{}
	}
}

// in reports whether there is a piece in a text, whatever its case and whatever
// stands between its letters, or in what the text means once its escapes are
// read.
func (p pieces) in(text string) bool {
	for range escapeRounds {
		for s := letters(text); len(s) >= leastPiece; s = s[1:] {
			if _, found := p[number(s)]; found {
				return true
			}
		}
		read := unescape(text)
		if read == text {
			break
		}
		text = read
	}
	return false
}

// number is a hash of the first leastPiece bytes of a run.
func number(s []byte) uint64 {
	const a, b = 0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f // odd, of many bits
	n := binary.LittleEndian.Uint64(s) * a
	return (n^n>>32)*b + uint64(binary.LittleEndian.Uint32(s[8:]))*a
}

// letters are the ASCII letters and digits of a text, in lower case.
func letters(text string) []byte {
	out := make([]byte, 0, len(text))
	for i := range len(text) {
		switch c := text[i]; classOf(c) {
		case lower, digit:
			out = append(out, c)
		case upper:
			out = append(out, c+'a'-'A')
		}
	}
	return out
}

// escapeRounds is how often a text may be escaped, plus one.
const escapeRounds = 4

// escapes are those of URLs, JSON and C.
var escapes = regexp.MustCompile(`(?:%|\\x)[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}`)

// unescape reads the escapes of URLs, JSON, C and HTML once.
func unescape(text string) string {
	if strings.ContainsAny(text, `%\`) {
		text = escapes.ReplaceAllStringFunc(text, func(e string) string {
			n, _ := strconv.ParseUint(strings.TrimLeft(e, `%\ux`), 16, 16)
			return string(rune(n))
		})
	}
	return html.UnescapeString(text)
}
