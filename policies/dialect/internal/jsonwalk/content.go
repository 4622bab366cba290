package jsonwalk

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// bookkeeping are fields with metadata of an object in a conversation, not its
// content. Names that end with _id or _at, such as created_at, are too.
var bookkeeping = []string{
	"type", "id", "object", "role", "status", "phase", "index", "name", "model", "version", "usage", "created", "timestamp",
	"metadata", "cache_control", "created_by", "reason", "mode", "level",
}

// carries reports whether field name with value v may hold content of the
// conversation: text, an object or a list. Numbers and flags are not content.
func carries(name []byte, v jsontext.Value) bool {
	switch v.Kind() {
	case '"', '{', '[':
	default:
		return false
	}
	n := string(name)
	return !AsksForNothing(v) && !slices.Contains(bookkeeping, n) && !strings.HasSuffix(n, "_id") && !strings.HasSuffix(n, "_at")
}

// Stray returns the first field that no row of t names and that may hold
// content, "" if there is none. t may be nil; is, if not nil, is a further
// condition on the field's value.
func (m Members) Stray(t *Table, is func(v jsontext.Value) bool) string {
	for _, f := range m.list {
		if (t == nil || t.Find(f.name) == nil) && carries(f.name, f.value) && (is == nil || is(f.value)) {
			return string(f.name)
		}
	}
	return ""
}

// Lost is Stray for one field of an object that is read in a stream.
func Lost(t *Table, name []byte, v jsontext.Value) bool {
	return t.Find(name) == nil && carries(name, v)
}

// Unknown decides about an object of a type that is unknown: one with content
// is refused, since the answer would ignore it; any other is left out with a
// warning. what says what the object is, such as content part.
func (m Members) Unknown(what string) error {
	kind := string(Shorten(Chars(m.Get("type"))))
	if name := m.Stray(nil, nil); name != "" {
		return m.w.Invalid("type", "'%s' is not a known type of %s, and its field %s would be lost", kind, what, Shorten(name))
	}
	m.w.Warn("", "left out: '"+kind+"' is not a known type of "+what)
	return nil
}
