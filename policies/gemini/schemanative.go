package gemini

import (
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// NativeSchemas makes the schemas of one native request fit for the API, by the
// compiler of all dialects. Those that are fit stay as they are.
type NativeSchemas struct {
	compiler *Compiler
	vertex   bool
	budget   *schemaBudget
}

// NewNativeSchemas makes one for a request of so many bytes.
func NewNativeSchemas(c *Compiler, kind Kind, size int) *NativeSchemas {
	return &NativeSchemas{compiler: c, vertex: kind == Vertex, budget: newSchemaBudget(size)}
}

// Repair returns a schema as the API takes it: raw itself if it is fit, nil if
// it says nothing. proto says that the field has the API's own schema type;
// object, that it describes arguments. told is what a client must know of it.
func (s *NativeSchemas) Repair(raw conversation.Raw, proto, object bool) (out conversation.Raw, told []string, err error) {
	return s.compiler.compile(raw, schemaOptions{object: object, proto: proto, native: true, vertex: proto && s.vertex}, s.budget)
}

// protoWords are the members of the API's own schema type by the names that
// JSON Schema, or camel case, has for them; vertexWords are Vertex AI's own.
var (
	protoWords = map[string]string{
		"type": "type", "format": "format", "title": "title", "description": "description", "nullable": "nullable",
		"enum": "enum", "items": "items", "properties": "properties", "required": "required", "pattern": "pattern",
		"example": "example", "default": "default", "minimum": "minimum", "maximum": "maximum",
		"maxItems": "maxItems", "max_items": "maxItems", "minItems": "minItems", "min_items": "minItems",
		"minProperties": "minProperties", "min_properties": "minProperties", "maxProperties": "maxProperties", "max_properties": "maxProperties",
		"minLength": "minLength", "min_length": "minLength", "maxLength": "maxLength", "max_length": "maxLength",
		"anyOf": "anyOf", "any_of": "anyOf", "propertyOrdering": "propertyOrdering", "property_ordering": "propertyOrdering",
	}
	vertexWords = map[string]string{
		"ref": "$ref", "defs": "$defs", "additionalProperties": "additionalProperties", "additional_properties": "additionalProperties",
	}
)

// protoShape checks whether a schema is of the API's own type.
type protoShape struct {
	vertex bool
	object bool // the root must be one
	levels int
}

func (s protoShape) word(name string) string {
	if word := protoWords[name]; word != "" || !s.vertex {
		return word
	}
	return vertexWords[name]
}

// fit reports whether the API takes n as it is. Descriptions and bounds are
// checked by the upstream.
func (s protoShape) fit(n *schemaNode) bool {
	if s.levels++; n.kind != jsontext.KindBeginObject || s.levels > maxSchemaLevels {
		return false
	}
	by := make(map[string]*schemaNode, len(n.fields))
	for _, f := range n.fields {
		word := s.word(f.name)
		if word == "" {
			return false
		}
		if f.node.kind != jsontext.KindNull {
			by[word] = f.node
		}
	}
	if by["$ref"] != nil {
		return !s.object
	}
	return s.fitType(by) && s.fitMembers(by)
}

// fitType checks the keywords that a type requires.
func (s protoShape) fitType(by map[string]*schemaNode) bool {
	kind := protoType(by["type"])
	switch n := by["type"]; {
	case s.object && kind != "object",
		n == nil && by["anyOf"] == nil,
		n != nil && !schemaTypes[kind],
		kind == "array" && by["items"] == nil:
		return false
	}
	if enum := by["enum"]; enum != nil && (kind != "string" || enum.kind != jsontext.KindBeginArray ||
		slices.ContainsFunc(enum.items, func(v *schemaNode) bool { return v.text() == "" })) {
		return false
	}
	format := by["format"].text()
	return kind != "string" || format == "" || slices.Contains(protoFormats[kind], format)
}

// protoTypes are the types by their numbers, which proto JSON takes as well.
var protoTypes = []string{"", "string", "number", "integer", "boolean", "array", "object", "null"}

// protoType is the name of a type in lower case, "" for none.
func protoType(n *schemaNode) string {
	if n != nil && n.kind == jsontext.KindNumber {
		if i, err := strconv.Atoi(string(n.raw)); err == nil && i > 0 && i < len(protoTypes) {
			return protoTypes[i]
		}
	}
	return strings.ToLower(n.text())
}

// fitMembers checks the schemas in a schema, and its required list.
func (s protoShape) fitMembers(by map[string]*schemaNode) bool {
	s.object = false
	if required := by["required"]; required != nil && slices.ContainsFunc(required.items, func(v *schemaNode) bool {
		return by["properties"] == nil || by["properties"].get(v.text()) == nil
	}) {
		return false
	}
	for _, word := range []string{"properties", "$defs"} {
		if n := by[word]; n != nil && slices.ContainsFunc(n.fields, func(f schemaField) bool { return !s.fit(f.node) }) {
			return false
		}
	}
	if n := by["anyOf"]; n != nil && slices.ContainsFunc(n.items, func(v *schemaNode) bool { return !s.fit(v) }) {
		return false
	}
	return by["items"] == nil || s.fit(by["items"])
}

// plain rewrites a schema of either type as JSON Schema, from which it can be
// compiled.
func (s protoShape) plain(n *schemaNode) *schemaNode {
	if n.kind != jsontext.KindBeginObject {
		return n
	}
	out := objectNode()
	for _, f := range n.fields {
		if word := s.word(f.name); word != "" && word != f.name {
			f = schemaField{name: word, node: f.node}
			if f.name == "$ref" && strings.HasPrefix(f.node.text(), "#/defs/") {
				f.node = stringNode("#/$" + f.node.text()[len("#/"):])
			}
		}
		switch f.name {
		case "properties", "$defs":
			inner := objectNode()
			for _, p := range f.node.fields {
				inner.fields = append(inner.fields, schemaField{name: p.name, key: p.key, node: s.plain(p.node)})
			}
			f.node = inner
		case "type":
			if f.node.kind == jsontext.KindNumber {
				f.node = stringNode(protoType(f.node))
			}
		case "items", "additionalProperties", "anyOf", "oneOf", "allOf":
			f.node = s.plainList(f.node)
		case "minItems", "maxItems": // proto JSON has strings for numbers of 64 bits
			if text := f.node.text(); text != "" && isCount([]byte(text)) {
				f.node = &schemaNode{kind: jsontext.KindNumber, raw: []byte(text)}
			}
		}
		out.fields = append(out.fields, f)
	}
	return out
}

func (s protoShape) plainList(n *schemaNode) *schemaNode {
	if n.kind != jsontext.KindBeginArray {
		return s.plain(n)
	}
	out := arrayNode()
	for _, item := range n.items {
		out.items = append(out.items, s.plain(item))
	}
	return out
}
