package gemini

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// maxCanonicalDepth bounds the nesting of what is put into canonical form:
// every level sorts its members and copies all that is within. Arguments nest a
// few levels, and the API takes a hundred.
const maxCanonicalDepth = 128

// Canonical returns the RFC 8785 form of a value, in memory of its own. ok is
// false for a value that has none, or that is nested too deeply.
func Canonical(value []byte) (canonical []byte, ok bool) {
	if deeper(value, maxCanonicalDepth) {
		return nil, false
	}
	v := jsontext.Value(bytes.Clone(value))
	return v, v.Canonicalize() == nil
}

// deeper reports whether arrays and objects are nested beyond limit levels. The
// value need not be valid.
func deeper(value []byte, limit int) bool {
	depth := 0
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '"':
			for i++; i < len(value) && value[i] != '"'; i++ {
				if value[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			if depth++; depth > limit {
				return true
			}
		case '}', ']':
			depth--
		}
	}
	return false
}
