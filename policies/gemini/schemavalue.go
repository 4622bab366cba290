package gemini

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// settleValues makes one of type, enum and const: enums hold strings and
// numbers only, and a constant is an enum of one.
func (b *schemaBuilder) settleValues(fields []schemaField) {
	b.settleType()
	for _, f := range fields {
		switch f.name {
		case "const":
			b.replace("enum", nil)
			b.settleEnum(f, []*schemaNode{f.node})
			return
		case "enum":
			if b.get("enum") == f.node && f.node.kind != jsontext.KindBeginArray {
				b.replace("enum", nil)
			} else if b.get("enum") == f.node {
				b.settleEnum(f, f.node.items)
			}
		}
	}
}

var schemaTypes = map[string]bool{
	"string": true, "number": true, "integer": true, "boolean": true, "array": true, "object": true, "null": true,
}

// settleType removes what is not the name of a type, and writes names in lower
// case, as OpenAPI's older relatives do not.
func (b *schemaBuilder) settleType() {
	n := b.get("type")
	if n == nil {
		return
	}
	if n.kind == jsontext.KindString {
		b.replace("type", typeName(n))
		return
	}
	kept, same := make([]*schemaNode, 0, len(n.items)), true
	for _, item := range n.items {
		name := typeName(item)
		if same = same && name == item; name != nil {
			kept = append(kept, name)
		}
	}
	switch {
	case len(kept) == 0:
		b.replace("type", nil)
	case !same:
		b.replace("type", arrayNode(kept...))
	}
}

// typeName returns the name of a type in lower case, n itself if it is that
// already, nil if there is no such type.
func typeName(n *schemaNode) *schemaNode {
	name := strings.ToLower(n.text())
	switch {
	case !schemaTypes[name]:
		return nil
	case name == n.text():
		return n
	}
	return stringNode(name)
}

// settleEnum writes the members of an enum or the only value of a const. What
// cannot stand in an enum (an empty string too, which is refused) goes to the
// description.
func (b *schemaBuilder) settleEnum(f schemaField, values []*schemaNode) {
	var kept []*schemaNode
	for _, v := range values {
		if v.kind == jsontext.KindNumber || v.kind == jsontext.KindString && len(v.raw) > len(`""`) {
			kept = append(kept, v)
		}
	}
	if b.c.relaxed && len(kept) > relaxedEnum {
		b.replace("enum", nil)
		return
	}
	if len(kept) != len(values) || len(values) == 0 {
		b.hint(f.name, f.node)
	}
	switch {
	case len(kept) == 0:
		b.replace("enum", nil)
	case f.name == "const" || len(kept) != len(values):
		b.replace("enum", arrayNode(kept...))
	}
	if b.get("type") == nil && len(kept) != len(values) || f.name == "const" {
		b.inferType(values)
	}
}

// inferType gives a schema without a type that of its values, if they have one.
func (b *schemaBuilder) inferType(values []*schemaNode) {
	if b.get("type") != nil || len(values) == 0 {
		return
	}
	name := typeOf(values[0])
	for _, v := range values[1:] {
		if typeOf(v) != name {
			return
		}
	}
	b.replace("type", stringNode(name))
}

func typeOf(n *schemaNode) string {
	switch n.kind {
	case jsontext.KindString:
		return "string"
	case jsontext.KindNumber:
		return "number"
	case jsontext.KindTrue, jsontext.KindFalse:
		return "boolean"
	case jsontext.KindBeginArray:
		return "array"
	case jsontext.KindBeginObject:
		return "object"
	}
	return "null"
}

// hasType reports whether the schema allows values of a type by name.
func (b *schemaBuilder) hasType(name string) bool {
	n := b.get("type")
	if n == nil {
		return false
	}
	for _, item := range n.items {
		if item.text() == name {
			return true
		}
	}
	return n.text() == name
}

// settleNull writes OpenAPI's nullable as JSON Schema does.
func (b *schemaBuilder) settleNull() {
	if !b.nullable || b.hasType("null") {
		return
	}
	null := stringNode("null")
	switch n := b.get("type"); {
	case n != nil && n.kind == jsontext.KindBeginArray:
		b.replace("type", arrayNode(append(n.items[:len(n.items):len(n.items)], null)...))
	case n != nil:
		b.replace("type", arrayNode(n, null))
	case b.get("anyOf") != nil:
		items := b.get("anyOf").items
		b.replace("anyOf", arrayNode(append(items[:len(items):len(items)], objectNode(member("type", null)))...))
	}
}

// settleItems adds items to an array without them, which would be refused.
func (b *schemaBuilder) settleItems() {
	if b.hasType("array") && b.get("items") == nil && b.get("prefixItems") == nil {
		b.replace("items", objectNode(member("type", stringNode("string"))))
	}
}

// settlePatterns lets an object have properties if it has none but those whose
// names match patterns: without any it would say nothing.
func (b *schemaBuilder) settlePatterns() {
	if b.patterns == nil || len(b.patterns.fields) == 0 || b.get("properties") != nil {
		return
	}
	extra := &schemaNode{kind: jsontext.KindTrue, raw: []byte("true")}
	if len(b.patterns.fields) == 1 {
		if only := b.c.schema(b.patterns.fields[0].node); only != nil && len(only.fields) > 0 {
			extra = only
		}
	}
	b.replace("additionalProperties", extra)
}

// settleRequired removes names that properties does not have.
func (b *schemaBuilder) settleRequired() {
	required := b.get("required")
	if required == nil || len(required.items) == 0 {
		return
	}
	known := map[string]bool{}
	if properties := b.get("properties"); properties != nil {
		for _, f := range properties.fields {
			known[f.name] = true
		}
	}
	var kept []*schemaNode
	for _, item := range required.items {
		if name := item.text(); item.kind == jsontext.KindString && known[name] {
			known[name] = false // once is enough
			kept = append(kept, item)
		}
	}
	switch {
	case len(kept) == 0:
		b.replace("required", nil)
	case len(kept) != len(required.items):
		b.replace("required", arrayNode(kept...))
	}
}

// settleAnyOf removes an anyOf with a member that lost all of its keywords,
// since it now allows everything. Usually its members were lists of required
// properties.
func (b *schemaBuilder) settleAnyOf() {
	if b.emptied && b.get("anyOf") != nil {
		b.replace("anyOf", nil)
	}
}
