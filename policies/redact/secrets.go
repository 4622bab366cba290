package redact

import (
	"cmp"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
)

// Secrets are the configured secrets, to be found in texts. The zero value
// knows none. It is safe for concurrent use.
type Secrets struct {
	replacer *strings.Replacer
	pieces   pieces
}

// leastSecret is how long a secret must be to be searched for, in bytes: a
// shorter one is not a real secret, and would match parts of words. leastPart
// is the same for what is left of one inside a longer base64 text.
const (
	leastSecret = 6
	leastPart   = 8
)

// NewSecrets collects secrets once, in all forms in which they may come back.
// The longest form comes first, whosever it is: where two begin at the same
// place, the first is replaced, and of a secret that another one begins with
// the rest would be left.
func NewSecrets(values ...string) Secrets {
	var all []string
	for _, v := range values {
		if len(v) >= leastSecret {
			all = append(all, formsOf(v)...)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	var list []string
	for _, f := range slices.Compact(all) {
		list = append(list, f, mark)
	}
	return Secrets{strings.NewReplacer(list...), piecesOf(all)}
}

// disguised replaces a text with a secret that is spelled so that it cannot be
// removed.
const disguised = "[redacted: a text with a piece or another writing of a secret]"

// Hide removes the secrets from a text. Pieces and other spellings are searched
// in its first SearchLimit bytes; if one is found, the whole text is replaced.
func (s Secrets) Hide(text string) string {
	if s.replacer == nil {
		return text
	}
	text = s.replacer.Replace(text)
	if s.pieces.in(text[:min(len(text), SearchLimit)]) {
		return disguised
	}
	return text
}

// formsOf lists how a secret may be written.
func formsOf(v string) []string {
	query, path := url.QueryEscape(v), url.PathEscape(v)
	out := []string{v, query, path, lowerEscapes(query), lowerEscapes(path)}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		out = append(out, enc.EncodeToString([]byte(v)))
		for before := range 3 {
			if part := inside(enc, v, before); len(part) >= leastPart {
				out = append(out, part)
			}
		}
	}
	if len(v) >= leastPiece { // a word in capitals is no secret
		out = append(out, strings.ToUpper(v), strings.ToLower(v))
	}
	digits := hex.EncodeToString([]byte(v))
	out = append(out, digits, strings.ToUpper(digits))
	return append(out, base32Of(v)...)
}

// base32Of is what base32 makes of a secret in the middle of a text, in capitals
// and not.
func base32Of(v string) (out []string) {
	const bits = 5 // of a character
	enc := base32.StdEncoding.WithPadding(base32.NoPadding)
	for before := range 5 {
		text := enc.EncodeToString([]byte(strings.Repeat("\x00", before) + v))
		if part := text[(before*8+bits-1)/bits : (before+len(v))*8/bits]; len(part) >= leastPart {
			out = append(out, part, strings.ToLower(part))
		}
	}
	return out
}

// inside is what base64 makes of a secret in the middle of a text, before bytes
// after a multiple of three: the characters that hold bits of nothing else.
func inside(enc *base64.Encoding, v string, before int) string {
	const bits = 6 // of a character
	text := enc.EncodeToString([]byte(strings.Repeat("\x00", before) + v))
	return text[(before*8+bits-1)/bits : (before+len(v))*8/bits]
}

// lowerEscapes writes percent-encodings with lower-case digits.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:], strings.ToLower(s[i+1:i+3]))
			i += 2
		}
	}
	return string(b)
}
