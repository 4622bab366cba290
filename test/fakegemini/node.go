package fakegemini

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is where Google's JSON parser gives up on nesting.
const maxDepth = 100

// node is one JSON value of a request, in the order it was written.
type node struct {
	kind    jsontext.Kind // '{' '[' '"' '0' 't' 'f' 'n'
	text    string        // of a string: its value; of a number: its literal
	members []member      // of an object
	elems   []*node       // of an array
	raw     jsontext.Value
}

// payloadFault is a body that is no acceptable JSON, in Google's words.
type payloadFault string

func (f payloadFault) Error() string { return string(f) }

type member struct {
	name  string
	value *node
}

// parseNode reads exactly one JSON value. Duplicate names, invalid UTF-8,
// trailing bytes and nesting past maxDepth are errors.
func parseNode(body []byte) (*node, error) {
	d := jsontext.NewDecoder(bytes.NewReader(body))
	n, err := readNode(d, 0)
	if err != nil {
		return nil, payloadError(err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, payloadFault("Invalid JSON payload received. Unexpected token after the top-level value.")
	}
	return n, nil
}

func readNode(d *jsontext.Decoder, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, payloadFault("Message too deep. Max recursion depth reached.")
	}
	switch d.PeekKind() {
	case '{':
		return readObject(d, depth)
	case '[':
		return readArray(d, depth)
	}
	raw, err := d.ReadValue()
	if err != nil {
		return nil, err
	}
	n := &node{kind: raw.Kind(), raw: raw.Clone()}
	switch n.kind {
	case '"':
		text, err := jsontext.AppendUnquote(nil, raw)
		if err != nil {
			return nil, err
		}
		n.text = string(text)
	case '0':
		n.text = string(raw)
	}
	return n, nil
}

func readObject(d *jsontext.Decoder, depth int) (*node, error) {
	n := &node{kind: '{'}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		text := name.String()
		value, err := readNode(d, depth+1)
		if err != nil {
			return nil, err
		}
		n.members = append(n.members, member{text, value})
	}
	_, err := d.ReadToken()
	return n, err
}

func readArray(d *jsontext.Decoder, depth int) (*node, error) {
	n := &node{kind: '['}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	for d.PeekKind() != ']' {
		value, err := readNode(d, depth+1)
		if err != nil {
			return nil, err
		}
		n.elems = append(n.elems, value)
	}
	_, err := d.ReadToken()
	return n, err
}

// payloadError is a syntax error with Google's text.
func payloadError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return payloadFault("Invalid JSON payload received. Unexpected end of string. Expected a value.")
	}
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		return err
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		name := syntax.JSONPointer.LastToken()
		return payloadFault(duplicateText(name, pointerPath(syntax.JSONPointer.Parent())))
	}
	if strings.Contains(syntax.Error(), "UTF-8") {
		return payloadFault(fmt.Sprintf("Invalid JSON payload received. Invalid UTF-8 at byte %d.", syntax.ByteOffset))
	}
	return payloadFault(fmt.Sprintf("Invalid JSON payload received. Parsing failed at byte %d: %v.", syntax.ByteOffset, syntax.Err))
}

func duplicateText(name, path string) string {
	if path != "" {
		path = " at '" + path + "'"
	}
	return fmt.Sprintf("Invalid JSON payload received. Duplicate name %q%s.", name, path)
}

// pointerPath writes a JSON pointer the way Google writes field paths.
func pointerPath(p jsontext.Pointer) string {
	path := ""
	for token := range p.Tokens() {
		if token != "" && strings.Trim(token, "0123456789") == "" {
			path += "[" + token + "]"
			continue
		}
		path = join(path, snake(token))
	}
	return path
}

// get returns the proto field with the lowerCamel name, however it was
// written; nil when it is absent or null, or when n is no object.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for _, m := range n.members {
		if (m.name == name || m.name == snake(name)) && m.value.kind != 'n' {
			return m.value
		}
	}
	return nil
}

// member returns the member with exactly that name; nil when absent.
func (n *node) member(name string) *node {
	if n == nil {
		return nil
	}
	for _, m := range n.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// list returns the elements of a repeated field; Google takes a lone object
// for a list of one (recorded with systemInstruction.parts).
func (n *node) list() []*node {
	switch {
	case n == nil:
		return nil
	case n.kind == '[':
		return n.elems
	}
	return []*node{n}
}

// str returns the string value, or "" for anything else.
func (n *node) str() string {
	if n == nil || n.kind != '"' {
		return ""
	}
	return n.text
}

// isTrue reports a literal true.
func (n *node) isTrue() bool { return n != nil && n.kind == 't' }

// json writes the value back as compact JSON.
func (n *node) json() string {
	if n == nil {
		return "null"
	}
	var b strings.Builder
	switch n.kind {
	case '{':
		b.WriteByte('{')
		for i, m := range n.members {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quote(m.name) + ":" + m.value.json())
		}
		b.WriteByte('}')
	case '[':
		b.WriteByte('[')
		for i, e := range n.elems {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(e.json())
		}
		b.WriteByte(']')
	default:
		b.Write(n.raw)
	}
	return b.String()
}

// quote writes s as a JSON string; invalid UTF-8 becomes U+FFFD.
func quote(s string) string {
	b, err := jsontext.AppendQuote(nil, strings.ToValidUTF8(s, "�"))
	if err != nil {
		return `""`
	}
	return string(b)
}

// snake turns a lowerCamel field name into the proto's own.
func snake(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func join(path, field string) string {
	if path == "" {
		return field
	}
	return path + "." + field
}
