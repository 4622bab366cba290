package redact

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
)

// Secrets are the configured secrets, to be found in texts. The zero value
// knows none. It is safe for concurrent use.
type Secrets struct{ replacer *strings.Replacer }

// leastSecret is how long a secret must be to be searched for, in bytes: a
// shorter one is no real one, and would tear words apart. leastPart is the same
// for what is left of one inside a longer base64 text.
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
	return Secrets{strings.NewReplacer(list...)}
}

// Hide takes the secrets out of a text.
func (s Secrets) Hide(text string) string {
	if s.replacer == nil {
		return text
	}
	return s.replacer.Replace(text)
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
