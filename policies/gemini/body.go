package gemini

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// bodyWriter appends JSON to a buffer. The last byte shows whether a comma is
// needed: a value ends with a closing bracket, a quote, a digit or a letter,
// and a key with a colon.
type bodyWriter struct{ buf []byte }

func (w *bodyWriter) comma() {
	if n := len(w.buf); n > 0 {
		switch w.buf[n-1] {
		case '{', '[', ':':
		default:
			w.buf = append(w.buf, ',')
		}
	}
}

func (w *bodyWriter) open(bracket byte) {
	w.comma()
	w.buf = append(w.buf, bracket)
}

func (w *bodyWriter) close(bracket byte) { w.buf = append(w.buf, bracket) }

// key appends the name of a member; names are this package's own and need no
// escapes.
func (w *bodyWriter) key(name string) {
	w.comma()
	w.buf = append(w.buf, '"')
	w.buf = append(w.buf, name...)
	w.buf = append(w.buf, `":`...)
}

// raw appends a value that is JSON already.
func (w *bodyWriter) raw(value []byte) {
	w.comma()
	w.buf = append(w.buf, value...)
}

// members appends the members of an object; nil has none.
func (w *bodyWriter) members(object conversation.Raw) {
	if object == nil {
		return
	}
	if inner := bytes.TrimSpace(object[1 : len(object)-1]); len(inner) > 0 {
		w.raw(inner)
	}
}

func (w *bodyWriter) int(n int) {
	w.comma()
	w.buf = strconv.AppendInt(w.buf, int64(n), 10)
}

func (w *bodyWriter) float(f float64) {
	w.comma()
	w.buf = jsontext.AppendFloat(w.buf, f, 64)
}

// string appends s as a JSON string; invalid UTF-8 becomes U+FFFD.
func (w *bodyWriter) string(s string) {
	w.comma()
	w.buf, _ = jsontext.AppendQuote(w.buf, s)
}

func (w *bodyWriter) stringField(name, value string) {
	w.key(name)
	w.string(value)
}

func (w *bodyWriter) strings(name string, values []string) {
	w.key(name)
	w.open('[')
	for _, v := range values {
		w.string(v)
	}
	w.close(']')
}

// joined appends texts as one string.
func (w *bodyWriter) joined(texts []conversation.Text) {
	w.comma()
	w.buf = append(w.buf, '"')
	for _, t := range texts {
		w.buf = append(w.buf, t.Inner()...)
	}
	w.buf = append(w.buf, '"')
}
