package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// value is a decoded JSON value. Its methods return the zero value for anything
// missing or of another type.
type value struct{ v any }

// parse reads one JSON document. Numbers keep their literals.
func parse(text []byte) (value, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return value{}, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return value{}, errors.New("something follows the document")
	}
	return value{v}, nil
}

// get follows the names, in either of the spellings that Google takes.
func (v value) get(names ...string) value {
	for _, name := range names {
		m, _ := v.v.(map[string]any)
		next, ok := m[name]
		if !ok {
			next = m[snake(name)]
		}
		v = value{next}
	}
	return v
}

// snake spells a name in the other way.
func snake(name string) string {
	var b []byte
	for i := range len(name) {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			b = append(b, '_')
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return string(b)
}

func (v value) there() bool { return v.v != nil }

func (v value) isString() bool { _, ok := v.v.(string); return ok }

func (v value) isObject() bool { _, ok := v.v.(map[string]any); return ok }

func (v value) str() string { s, _ := v.v.(string); return s }

func (v value) isTrue() bool { b, _ := v.v.(bool); return b }

// list gives the elements; a lone object counts as a list of one.
func (v value) list() []value {
	switch x := v.v.(type) {
	case []any:
		out := make([]value, len(x))
		for i, e := range x {
			out[i] = value{e}
		}
		return out
	case map[string]any:
		return []value{v}
	}
	return nil
}

// elements gives the elements of an array only.
func (v value) elements() []value {
	if _, ok := v.v.([]any); !ok {
		return nil
	}
	return v.list()
}

// number gives a number, also one in quotes.
func (v value) number() (float64, bool) {
	n, ok := v.v.(json.Number)
	if !ok {
		n = json.Number(v.str())
	}
	f, err := n.Float64()
	return f, err == nil
}

func (v value) count() int {
	f, _ := v.number()
	return int(f)
}

// canonical spells a value so that equal values are spelled alike: sorted
// names, no space, numbers as they were written.
func (v value) canonical() string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(v.v) != nil {
		return "?"
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}
