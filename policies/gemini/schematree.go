package gemini

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxSchemaDepth bounds the nesting of a schema's JSON; a level of schema takes
// two (the properties and the property).
const maxSchemaDepth = 200

// maxSchemaLevels is how many schemas may lie in one another. Google reads 100
// levels of JSON ("Message too deep"), of which a request has six around a
// tool's schema.
const maxSchemaLevels = 45

// maxSchemaValues bounds the values in a schema's JSON, since each takes far
// more memory than its bytes. The upstream refuses schemas long before, as too
// complex.
const maxSchemaValues = 20_000

var (
	errSchemaDepth  = fmt.Errorf("schema is nested more than %d levels deep; flatten it, or move parts to $defs", maxSchemaLevels)
	errSchemaValues = fmt.Errorf("schema has more than %d values; leave out what the model can do without, such as long enums", maxSchemaValues)
	errSchemaSize   = errors.New("the schemas of the request grow too large where references are replaced by what they refer to; refer to $defs and to less, and use a model since Gemini 2.5, which reads such references")
	errSchemaSyntax = errors.New("schema is not valid JSON")
)

// schemaNode is a JSON value in a schema. One that is never changed is written
// as the bytes it was.
type schemaNode struct {
	kind   jsontext.Kind
	raw    []byte        // as received; nil in an object or array made here
	fields []schemaField // of an object; names are unique
	items  []*schemaNode // of an array
	length int           // in bytes as received; 0 if made here

	at map[string]int // index in fields by name, once there are many of them
}

type schemaField struct {
	name string
	key  []byte // the name as a JSON literal; nil if made here
	node *schemaNode
}

// get returns the member called name, or nil.
func (n *schemaNode) get(name string) *schemaNode {
	if i := n.index(name); i >= 0 {
		return n.fields[i].node
	}
	return nil
}

// text returns the value of a string node, "" of others.
func (n *schemaNode) text() string {
	if n == nil || n.kind != jsontext.KindString {
		return ""
	}
	return unquoted(n.raw)
}

func unquoted(literal []byte) string {
	if inner := literal[1 : len(literal)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner)
	}
	out, _ := jsontext.AppendUnquote(nil, literal)
	return string(out)
}

// fewFields is how many fields are searched one by one.
const fewFields = 16

// index returns where the field called name is, or -1. References may look for
// thousands of names among thousands.
func (n *schemaNode) index(name string) int {
	if len(n.fields) <= fewFields {
		return slices.IndexFunc(n.fields, func(f schemaField) bool { return f.name == name })
	}
	for i := len(n.at); i < len(n.fields); i++ { // fields are only ever added
		if n.at == nil {
			n.at = make(map[string]int, len(n.fields))
		}
		n.at[n.fields[i].name] = i
	}
	if i, ok := n.at[name]; ok {
		return i
	}
	return -1
}

func objectNode(fields ...schemaField) *schemaNode {
	return &schemaNode{kind: jsontext.KindBeginObject, fields: fields}
}

func arrayNode(items ...*schemaNode) *schemaNode {
	return &schemaNode{kind: jsontext.KindBeginArray, items: items}
}

func stringNode(s string) *schemaNode {
	raw, _ := jsontext.AppendQuote(nil, s)
	return &schemaNode{kind: jsontext.KindString, raw: raw}
}

func member(name string, node *schemaNode) schemaField { return schemaField{name: name, node: node} }

// appendTo appends n as JSON.
func (n *schemaNode) appendTo(dst []byte) []byte {
	switch {
	case n.raw != nil:
		return append(dst, n.raw...)
	case n.kind == jsontext.KindBeginArray:
		dst = append(dst, '[')
		for i, item := range n.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.appendTo(dst)
		}
		return append(dst, ']')
	}
	dst = append(dst, '{')
	for i, f := range n.fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		if f.key != nil {
			dst = append(dst, f.key...)
		} else {
			dst, _ = jsontext.AppendQuote(dst, f.name)
		}
		dst = f.node.appendTo(append(dst, ':'))
	}
	return append(dst, '}')
}

// schemaParser reads one JSON value into nodes.
type schemaParser struct {
	values int  // read so far
	deep   bool // something was nested too deep to be read
	dec    *jsontext.Decoder
	in     []byte
	slab   []schemaNode // nodes are made many at a time
}

// decoders are kept, since a request has dozens of schemas.
var decoders = sync.Pool{New: func() any { return jsontext.NewDecoder(bytes.NewReader(nil)) }}

// parseSchema reads a schema. With errSchemaDepth it may return one that says
// nothing where it is nested too deep.
func parseSchema(raw []byte) (*schemaNode, error) {
	dec := decoders.Get().(*jsontext.Decoder)
	dec.Reset(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	p := schemaParser{in: raw, dec: dec}
	n, err := p.value(0)
	dec.Reset(bytes.NewReader(nil)) // lets go of raw
	decoders.Put(dec)
	switch {
	case err != nil:
		return nil, err
	case p.deep:
		return n, errSchemaDepth
	}
	return n, nil
}

func (p *schemaParser) node() *schemaNode {
	if len(p.slab) == 0 {
		p.slab = make([]schemaNode, 32)
	}
	n := &p.slab[0]
	p.slab = p.slab[1:]
	return n
}

func (p *schemaParser) value(depth int) (*schemaNode, error) {
	if depth > maxSchemaDepth {
		if p.deep = true; p.dec.SkipValue() != nil {
			return nil, errSchemaDepth
		}
		return objectNode(), nil
	}
	if p.values++; p.values > maxSchemaValues {
		return nil, errSchemaValues
	}
	n := p.node()
	n.kind = p.dec.PeekKind()
	var err error
	switch n.kind {
	case jsontext.KindBeginObject:
		err = p.object(n, depth)
	case jsontext.KindBeginArray:
		err = p.array(n, depth)
	default:
		n.raw, err = p.scalar()
		n.length = len(n.raw)
	}
	return n, err
}

// scalar reads a value and returns it as a slice of the input, since the
// decoder's own slices do not last.
func (p *schemaParser) scalar() ([]byte, error) {
	v, err := p.dec.ReadValue()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSchemaSyntax, err)
	}
	end := int(p.dec.InputOffset())
	return p.in[end-len(v) : end : end], nil
}

// begin reads the bracket that opens an object or array; end reads the one
// that closes it and returns the whole as it was received.
func (p *schemaParser) begin() (start int, err error) {
	if _, err = p.dec.ReadToken(); err != nil {
		return 0, fmt.Errorf("%w: %w", errSchemaSyntax, err)
	}
	return int(p.dec.InputOffset()) - 1, nil
}

func (p *schemaParser) end(start int) ([]byte, error) {
	if _, err := p.dec.ReadToken(); err != nil {
		return nil, fmt.Errorf("%w: %w", errSchemaSyntax, err)
	}
	end := int(p.dec.InputOffset())
	return p.in[start:end:end], nil
}

func (p *schemaParser) object(n *schemaNode, depth int) error {
	start, err := p.begin()
	if err != nil {
		return err
	}
	repeated := false
	for p.dec.PeekKind() != jsontext.KindEndObject {
		key, err := p.scalar()
		if err != nil {
			return err
		}
		name := unquoted(key)
		value, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		f := schemaField{name: name, key: key, node: value}
		if i := n.index(name); i >= 0 { // the last one counts, as in most parsers
			n.fields[i], repeated = f, true
			continue
		}
		n.fields = append(n.fields, f)
	}
	n.raw, err = p.end(start)
	if n.length = len(n.raw); repeated {
		n.raw = nil
	}
	return err
}

func (p *schemaParser) array(n *schemaNode, depth int) error {
	start, err := p.begin()
	if err != nil {
		return err
	}
	for p.dec.PeekKind() != jsontext.KindEndArray {
		item, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	n.raw, err = p.end(start)
	n.length = len(n.raw)
	return err
}
