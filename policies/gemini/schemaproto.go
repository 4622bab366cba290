package gemini

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// protoRecursion is how often a schema may hold itself before it is cut.
const protoRecursion = 2

// protoFormats are the formats that the API's own schema type takes, by type.
var protoFormats = map[string][]string{
	"string": {"enum", "date-time"}, "number": {"float", "double"}, "integer": {"int32", "int64"},
}

// protoCompiler rewrites a compiled schema into the API's own schema type, that
// of parameters and responseSchema: one type for each schema, strings alone in
// enums, no references. Models before 2.5 know nothing else.
type protoCompiler struct {
	defs   *schemaNode // nil if there are none
	active map[string]int
	budget *schemaBudget
	object bool // what is nested too deep is cut off
	cut    bool
	err    error
}

// protoSchema rewrites raw, which compileSchema made; nil stands for a schema
// that says nothing.
func protoSchema(raw conversation.Raw, object bool, budget *schemaBudget) (_ conversation.Raw, cut bool, err error) {
	if raw == nil {
		return nil, false, nil
	}
	root, err := parseSchema(raw)
	if err != nil {
		return nil, false, err
	}
	c := protoCompiler{defs: root.get("$defs"), active: map[string]int{}, budget: budget, object: object}
	out := c.schema(root, 0)
	if c.err != nil {
		return nil, false, c.err
	}
	if properties := out.get("properties"); object && (properties == nil || len(properties.fields) == 0) {
		return nil, false, nil // an object must have properties
	}
	return out.appendTo(make([]byte, 0, len(raw)+len(raw)/8)), c.cut, nil
}

func (c *protoCompiler) schema(n *schemaNode, depth int) *schemaNode {
	c.spend(visitCost)
	if depth >= maxSchemaLevels && c.object {
		c.cut = c.cut || n.get("properties") != nil || n.get("items") != nil || n.get("anyOf") != nil || n.get("$ref") != nil
		return cutOff(n)
	}
	if depth >= maxSchemaLevels && c.err == nil {
		c.err = errSchemaDepth
	}
	if c.err != nil {
		return objectNode()
	}
	if ref := n.get("$ref"); ref != nil {
		return c.definition(ref.text(), depth)
	}
	b := protoBuilder{c: c, depth: depth, from: n}
	return b.build()
}

// spend takes from the budget.
func (c *protoCompiler) spend(bytes int) {
	if !c.budget.spend(bytes) && c.err == nil {
		c.err = errSchemaSize
	}
}

// definition writes what a reference stands for in its place.
func (c *protoCompiler) definition(ref string, depth int) *schemaNode {
	name := unescapePointer(strings.TrimPrefix(ref, defsPointer))
	var target *schemaNode
	if c.defs != nil {
		target = c.defs.get(name)
	}
	if target == nil || c.active[name] >= protoRecursion {
		return objectNode(member("type", stringNode("object")))
	}
	c.active[name]++
	defer func() { c.active[name]-- }()
	return c.schema(target, depth+1)
}

// protoBuilder writes one schema.
type protoBuilder struct {
	c        *protoCompiler
	depth    int
	from     *schemaNode
	out      []schemaField
	hints    []string
	nullable bool
}

// put writes a member. What it holds has been paid for, but for names.
func (b *protoBuilder) put(name string, node *schemaNode) {
	size := len(name) + len(`"":,`) + len(node.raw)
	if node.raw == nil {
		size += node.frame("")
	}
	b.c.spend(size)
	b.out = append(b.out, member(name, node))
}

// build writes the schema. A choice stands alone: beside a type it is left out,
// and several types become a choice.
func (b *protoBuilder) build() *schemaNode {
	types := b.types()
	if kind := b.guess(); len(types) == 0 && kind != "" {
		types = []string{kind}
	}
	branches := b.branches()
	switch {
	case len(types) == 1:
		b.typed(types[0])
	case len(types) > 1:
		branches = branches[:0]
		for _, name := range types {
			one := protoBuilder{c: b.c, depth: b.depth, from: b.from}
			one.typed(name)
			branches = append(branches, objectNode(one.out...))
			for _, hint := range one.hints {
				if !slices.Contains(b.hints, hint) {
					b.hints = append(b.hints, hint)
				}
			}
		}
		b.put("anyOf", arrayNode(branches...))
	case len(branches) == 1:
		b.out = branches[0].fields
	case len(branches) > 1:
		b.put("anyOf", arrayNode(branches...))
	default:
		b.typed("string") // anything, which has no name here
	}
	b.describe()
	if b.nullable && objectNode(b.out...).get("nullable") == nil {
		b.put("nullable", &schemaNode{kind: jsontext.KindTrue, raw: []byte("true")})
	}
	return objectNode(b.out...)
}

// types are the types that the schema names, but for null, which nullable says.
func (b *protoBuilder) types() (names []string) {
	n := b.from.get("type")
	if n == nil {
		return nil
	}
	all := n.items
	if n.kind == jsontext.KindString {
		all = []*schemaNode{n}
	}
	for _, item := range all {
		if name := item.text(); name == "null" {
			b.nullable = true
		} else if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// branches are the members of anyOf.
func (b *protoBuilder) branches() (out []*schemaNode) {
	anyOf := b.from.get("anyOf")
	if anyOf == nil {
		return nil
	}
	for _, item := range anyOf.items {
		if t := item.get("type"); t.text() == "null" {
			b.nullable = true
			continue
		}
		out = append(out, b.c.schema(item, b.depth+1))
	}
	return out
}

// guess is the type of a schema that names none, by its other members; "" if
// they tell nothing.
func (b *protoBuilder) guess() string {
	switch enum := b.from.get("enum"); {
	case b.from.get("properties") != nil:
		return "object"
	case b.from.get("items") != nil || b.from.get("prefixItems") != nil:
		return "array"
	case enum != nil && len(enum.items) > 0:
		return typeOf(enum.items[0])
	}
	return ""
}

// typed writes a type and the members that go with it.
func (b *protoBuilder) typed(name string) {
	b.put("type", stringNode(name))
	if f := b.from.get("format"); f != nil {
		if slices.Contains(protoFormats[name], f.text()) {
			b.put("format", f)
		} else {
			b.hints = append(b.hints, "format: "+f.text())
		}
	}
	switch name {
	case "string", "number", "integer", "boolean":
		b.enum(name)
		if name == "number" || name == "integer" {
			b.copy("minimum", "maximum")
		}
	case "array":
		b.items()
		b.copy("minItems", "maxItems")
	case "object":
		b.properties()
	}
}

func (b *protoBuilder) copy(names ...string) {
	for _, name := range names {
		if n := b.from.get(name); n != nil {
			b.put(name, n)
		}
	}
}

// enum writes an enum of strings; another goes to the description.
func (b *protoBuilder) enum(kind string) {
	n := b.from.get("enum")
	if n == nil {
		return
	}
	isText := func(v *schemaNode) bool { return v.kind == jsontext.KindString }
	if kind == "string" && !slices.ContainsFunc(n.items, func(v *schemaNode) bool { return !isText(v) }) {
		b.put("enum", n)
		return
	}
	if len(n.raw) <= hintLimit {
		b.hints = append(b.hints, "enum: "+string(n.raw)) // as it was written by compileSchema
	}
}

// items writes what an array holds: of a tuple any of its members.
func (b *protoBuilder) items() {
	var kinds []*schemaNode
	if prefix := b.from.get("prefixItems"); prefix != nil {
		for _, item := range prefix.items {
			kinds = append(kinds, b.c.schema(item, b.depth+1))
		}
	}
	if n := b.from.get("items"); n != nil {
		kinds = append(kinds, b.c.schema(n, b.depth+1))
	}
	switch len(kinds) {
	case 0:
		b.put("items", objectNode(member("type", stringNode("string"))))
	case 1:
		b.put("items", kinds[0])
	default:
		b.put("items", objectNode(member("anyOf", arrayNode(kinds...))))
	}
}

func (b *protoBuilder) properties() {
	n := b.from.get("properties")
	if n == nil {
		return
	}
	out := make([]schemaField, 0, len(n.fields))
	for _, f := range n.fields {
		out = append(out, schemaField{name: f.name, key: f.key, node: b.c.schema(f.node, b.depth+1)})
	}
	b.put("properties", objectNode(out...))
	b.copy("required", "propertyOrdering")
}

// describe writes title and description, and the hints.
func (b *protoBuilder) describe() {
	written := objectNode(b.out...)
	if written.get("title") == nil {
		b.copy("title")
	}
	note := b.from.get("description")
	if len(b.hints) > 0 {
		hint := conversation.Quote("(" + strings.Join(b.hints, "; ") + ")")
		if note != nil {
			hint = conversation.Join(" ", conversation.Text(note.raw), hint)
		}
		note = &schemaNode{kind: jsontext.KindString, raw: hint}
	}
	if note != nil {
		b.out = slices.DeleteFunc(b.out, func(f schemaField) bool { return f.name == "description" })
		b.put("description", note)
	}
}
