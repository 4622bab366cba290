package conversation

import (
	"bytes"
	"encoding/json"
)

// Raw is one JSON value as it was received, without surrounding space and valid
// to a strict reader: UTF-8, no half surrogate pairs. nil means that the field
// was absent.
type Raw []byte

// Text is a JSON string literal with its quotes, valid as a Raw is.
// nil means that there was no text.
type Text []byte

// Quote makes a Text of a Go string. Invalid UTF-8 becomes U+FFFD.
func Quote(s string) Text {
	if plain(s) {
		t := make(Text, 0, len(s)+len(`""`))
		return append(append(append(t, '"'), s...), '"')
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return Text(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// plain reports whether s needs no escapes.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// Empty reports whether t has no characters.
func (t Text) Empty() bool { return len(t) <= len(`""`) }

// Inner returns the escaped characters without the quotes, for joining
// literals without unescaping them.
func (t Text) Inner() []byte {
	if t.Empty() {
		return nil
	}
	return t[1 : len(t)-1]
}

// String returns the unescaped text.
func (t Text) String() string {
	if t.Empty() {
		return ""
	}
	if bytes.IndexByte(t, '\\') < 0 {
		return string(t.Inner())
	}
	var s string
	if json.Unmarshal(t, &s) != nil {
		return "" // a Text is valid by construction
	}
	return s
}

// Join concatenates texts with sep between them, still in JSON form.
func Join(sep string, texts ...Text) Text {
	mid := Quote(sep).Inner()
	size := len(`""`) + len(texts)*len(mid)
	for _, t := range texts {
		size += len(t)
	}
	out := append(make([]byte, 0, size), '"')
	for i, t := range texts {
		if i > 0 {
			out = append(out, mid...)
		}
		out = append(out, t.Inner()...)
	}
	return append(out, '"')
}
