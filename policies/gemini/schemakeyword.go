package gemini

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

const (
	// relaxedDescription is the longest description, in bytes, that a relaxed
	// schema keeps.
	relaxedDescription = 300
	// relaxedEnum is the longest enum that a relaxed schema keeps.
	relaxedEnum = 100
	// hintLimit bounds a removed keyword's value, in bytes, that is quoted in
	// the description.
	hintLimit = 200
)

// hinted are the keywords that the API does not list, but that tell the model
// something about the values. Others that schemaBuilder.field does not handle
// ($schema, $comment, readOnly, strict, x-*) are dropped silently.
var hinted = map[string]bool{
	"exclusiveMinimum": true, "exclusiveMaximum": true, "multipleOf": true,
	"minLength": true, "maxLength": true, "pattern": true,
	"minProperties": true, "maxProperties": true, "propertyNames": true, "patternProperties": true,
	"uniqueItems": true, "contains": true, "minContains": true, "maxContains": true, "additionalItems": true,
	"not": true, "if": true, "then": true, "else": true,
	"dependencies": true, "dependentRequired": true, "dependentSchemas": true,
	"unevaluatedItems": true, "unevaluatedProperties": true,
	"contentEncoding": true, "contentMediaType": true,
	"default": true, "example": true, "examples": true,
}

// schemaBuilder compiles the fields of one schema.
type schemaBuilder struct {
	c       *schemaCompiler
	out     []schemaField
	hints   []string
	changed bool // something is not as it was received

	nullable bool        // the keyword of OpenAPI was set
	patterns *schemaNode // patternProperties
	emptied  bool        // a member of anyOf lost all of its keywords
}

// build returns the compiled schema: n itself if nothing changed.
func (b *schemaBuilder) build(n *schemaNode, fields []schemaField) *schemaNode {
	b.out = make([]schemaField, 0, len(fields)+1)
	for _, f := range fields {
		b.field(f)
	}
	b.settleValues(fields)
	b.settleNull()
	b.settleItems()
	b.settlePatterns()
	b.settleRequired()
	b.settleAnyOf()
	b.describe()
	if !b.changed && n != nil {
		return n
	}
	return objectNode(b.out...)
}

// field compiles one member of a schema. Only here is a name a keyword: below
// properties, names are the client's.
func (b *schemaBuilder) field(f schemaField) {
	is := func(kinds ...jsontext.Kind) {
		for _, k := range kinds {
			if f.node.kind == k {
				b.put(f, f.node)
				return
			}
		}
		b.changed = true
	}
	switch f.name {
	case "title", "description", "$id", "$anchor":
		is(jsontext.KindString)
	case "minimum", "maximum", "minItems", "maxItems", "format":
		switch {
		case b.c.relaxed, strings.HasSuffix(f.name, "Items") && !isCount(f.node.raw):
			b.changed = true
		case f.name == "format":
			is(jsontext.KindString)
		default:
			is(jsontext.KindNumber)
		}
	case "propertyOrdering", "required":
		is(jsontext.KindBeginArray)
	case "type", "enum":
		b.put(f, f.node) // settleValues looks at them together
	case "const":
		b.changed = true
	case "nullable":
		b.nullable, b.changed = f.node.kind == jsontext.KindTrue, true
	case "properties", "$defs":
		b.schemas(f)
	case "items":
		b.items(f)
	case "prefixItems", "anyOf":
		b.list(f, f.name)
	case "oneOf":
		if b.c.native {
			b.list(f, f.name)
			return
		}
		b.changed = true
		if b.get("anyOf") == nil {
			b.list(f, "anyOf")
		}
	case "additionalProperties":
		b.additional(f)
	case "patternProperties":
		b.patterns, b.changed = f.node, true
		b.hint(f.name, f.node)
	default:
		if b.c.native && answered[f.name] {
			b.put(f, f.node)
			return
		}
		b.changed = true
		b.hint(f.name, f.node)
	}
}

// answered are keywords that the API does not list, and that native requests with
// them were recorded to be answered, at both APIs.
var answered = map[string]bool{"$schema": true, "default": true, "pattern": true, "minLength": true, "maxLength": true}

// isCount reports whether raw is a number of items: digits only.
func isCount(raw []byte) bool {
	return len(raw) < 10 && len(bytes.Trim(raw, "0123456789")) == 0
}

// put appends a member whose value became node. A second one of that name
// (anyOf after oneOf) is left out.
func (b *schemaBuilder) put(f schemaField, node *schemaNode) {
	if b.get(f.name) != nil {
		b.changed = true
		return
	}
	if node != f.node || node.raw == nil {
		b.changed = true
	}
	b.out = append(b.out, schemaField{name: f.name, key: f.key, node: node})
}

func (b *schemaBuilder) get(name string) *schemaNode {
	for _, f := range b.out {
		if f.name == name {
			return f.node
		}
	}
	return nil
}

// replace gives a member another value; nil removes it.
func (b *schemaBuilder) replace(name string, node *schemaNode) {
	for i, f := range b.out {
		if f.name != name {
			continue
		}
		if b.changed = b.changed || f.node != node; node == nil {
			b.out = append(b.out[:i], b.out[i+1:]...)
		} else {
			b.out[i].node = node
		}
		return
	}
	if node != nil {
		b.changed = true
		b.out = append(b.out, member(name, node))
	}
}

// schemas compiles a map of schemas by the client's names.
func (b *schemaBuilder) schemas(f schemaField) {
	if f.node.kind != jsontext.KindBeginObject {
		b.changed = true
		return
	}
	out, same := make([]schemaField, 0, len(f.node.fields)), f.node.raw != nil
	for _, p := range f.node.fields {
		node := b.c.schema(p.node)
		if node == nil && f.name == "$defs" {
			node = objectNode() // something may refer to it
		}
		if same = same && node == p.node && node.raw != nil; node != nil {
			out = append(out, schemaField{name: p.name, key: p.key, node: node})
		}
	}
	if same {
		b.put(f, f.node)
		return
	}
	b.put(f, objectNode(out...))
}

// list compiles an array of schemas and puts it under name.
func (b *schemaBuilder) list(f schemaField, name string) {
	out, same := make([]*schemaNode, 0, len(f.node.items)), f.node.raw != nil
	for _, item := range f.node.items {
		node := b.c.schema(item)
		if same = same && node == item && node.raw != nil; node == nil {
			continue
		}
		if name == "anyOf" && len(node.fields) == 0 && len(item.fields) > 0 {
			b.emptied = true
		}
		out = append(out, node)
	}
	switch {
	case len(out) == 0:
		b.changed = true
	case same && name == f.name:
		b.put(f, f.node)
	default:
		b.put(schemaField{name: name, node: f.node}, arrayNode(out...))
	}
}

// items compiles the schema of an array's items; older drafts have a list of
// schemas here.
func (b *schemaBuilder) items(f schemaField) {
	if f.node.kind == jsontext.KindBeginArray {
		b.changed = true
		b.list(f, "prefixItems")
		return
	}
	node := b.c.schema(f.node)
	switch {
	case node == nil:
		b.changed = true
	case len(node.fields) == 0:
		b.put(f, objectNode(member("type", stringNode("string"))))
	default:
		b.put(f, node)
	}
}

func (b *schemaBuilder) additional(f schemaField) {
	switch f.node.kind {
	case jsontext.KindTrue, jsontext.KindFalse:
		b.put(f, f.node)
	case jsontext.KindBeginObject:
		b.put(f, b.c.schema(f.node))
	default:
		b.changed = true
	}
}

// hint remembers what a removed keyword said.
func (b *schemaBuilder) hint(name string, value *schemaNode) {
	if b.c.relaxed || !hinted[name] && name != "enum" && name != "const" && name != "$ref" {
		return
	}
	if len(value.raw) > hintLimit {
		return
	}
	text := value.appendTo(nil)
	if len(text) > hintLimit {
		return
	}
	v := jsontext.Value(text)
	if v.Compact(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) == nil {
		b.hints = append(b.hints, name+": "+string(v))
	}
}

// describe appends the hints to the description.
func (b *schemaBuilder) describe() {
	old := b.get("description")
	if b.c.relaxed && old != nil && len(old.raw) > relaxedDescription {
		b.replace("description", nil)
	}
	if len(b.hints) == 0 {
		return
	}
	note := conversation.Quote("(" + strings.Join(b.hints, "; ") + ")")
	if old != nil {
		note = conversation.Join(" ", conversation.Text(old.raw), note)
	}
	b.replace("description", &schemaNode{kind: jsontext.KindString, raw: note})
}
