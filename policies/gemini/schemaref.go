package gemini

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const defsPointer = "#/$defs/"

// renameDefinitions moves the definitions of older drafts to $defs, the only
// place that the API looks at. Where both have a name, $defs counts.
func renameDefinitions(root *schemaNode) *schemaNode {
	old := root.get("definitions")
	if old == nil || old.kind != jsontext.KindBeginObject {
		return root
	}
	defs := objectNode()
	if d := root.get("$defs"); d != nil {
		defs.fields = append(defs.fields, d.fields...)
	}
	known := map[string]bool{}
	for _, f := range defs.fields {
		known[f.name] = true
	}
	for _, f := range old.fields {
		if !known[f.name] {
			defs.fields = append(defs.fields, f)
		}
	}
	out := objectNode()
	for _, f := range root.fields {
		if f.name != "definitions" && f.name != "$defs" {
			out.fields = append(out.fields, f)
		}
	}
	out.fields = append(out.fields, member("$defs", defs))
	return out
}

// define returns the name of the definition that ref stands for, if it is one
// that can be referred to as it stands.
func (c *schemaCompiler) define(ref string) (string, bool) {
	name, ok := strings.CutPrefix(ref, defsPointer)
	if !ok {
		if name, ok = strings.CutPrefix(ref, "#/definitions/"); !ok || c.root.get("definitions") != nil {
			return "", false
		}
	}
	return name, !strings.Contains(name, "/") && c.defs[unescapePointer(name)]
}

// resolve returns the schema that a local reference points to, or nil.
func (c *schemaCompiler) resolve(ref string) *schemaNode {
	path, ok := strings.CutPrefix(ref, "#")
	if !ok || path != "" && path[0] != '/' {
		return nil
	}
	n := c.root
	for i, step := range strings.Split(path, "/") {
		if i == 0 {
			continue // before the first slash
		}
		step = unescapePointer(step)
		if i == 1 && step == "definitions" && c.root.get(step) == nil {
			step = "$defs"
		}
		switch at, err := strconv.Atoi(step); {
		case n.kind == jsontext.KindBeginObject:
			n = n.get(step)
		case n.kind == jsontext.KindBeginArray && err == nil && at >= 0 && at < len(n.items):
			n = n.items[at]
		default:
			return nil
		}
		if n == nil {
			return nil
		}
	}
	return n
}

// pointerEscapes are those of RFC 6901.
var pointerEscapes = strings.NewReplacer("~1", "/", "~0", "~")

// unescapePointer decodes a step of a JSON pointer in a URL fragment.
func unescapePointer(step string) string {
	if plain, err := url.PathUnescape(step); err == nil {
		step = plain
	}
	return pointerEscapes.Replace(step)
}

// reference compiles a schema whose field at is a $ref. Only references to
// $defs are understood: others are replaced by what they point to, and where
// that would never end, by a definition made for it.
func (c *schemaCompiler) reference(n *schemaNode, fields []schemaField, at int) *schemaNode {
	rest := make([]schemaField, 0, len(fields))
	rest = append(append(rest, fields[:at]...), fields[at+1:]...)
	b := schemaBuilder{c: c, changed: true}

	ref := fields[at].node
	if name, ok := c.define(ref.text()); ok {
		if !strings.HasPrefix(ref.text(), defsPointer) {
			ref = stringNode(defsPointer + name)
		}
		return c.withSiblings(n, b.build(nil, rest), ref)
	}
	target := c.resolve(ref.text())
	switch {
	case target == nil:
		b.hint("$ref", ref)
		return b.build(nil, rest)
	case target.kind != jsontext.KindBeginObject:
		return b.build(nil, rest)
	}
	if _, hoisted := c.hoists[target]; hoisted || c.active[target] {
		return c.withSiblings(n, b.build(nil, rest), c.hoist(target))
	}
	m := newSchemaMerger(c, rest)
	m.add(target.fields)
	return c.expand(target, m.fields)
}

// expand compiles fields that hold those of target, once target is known to
// be in progress. It counts as a level of its own, so that a chain of
// references ends.
func (c *schemaCompiler) expand(target *schemaNode, fields []schemaField) *schemaNode {
	if c.depth++; c.depth > maxSchemaDepth {
		c.err = errSchemaDepth
	}
	defer func() { c.depth-- }()
	if !c.spend(1) {
		return objectNode()
	}
	c.active[target] = true
	defer c.leave([]*schemaNode{target})
	return c.fields(objectNode(), fields)
}

// withSiblings puts a reference and the rest of its schema together. A schema
// with $ref may have no other member that does not begin with '$', so the
// reference moves into an anyOf of one.
func (c *schemaCompiler) withSiblings(n, rest, ref *schemaNode) *schemaNode {
	var dollar, plain []schemaField
	for _, f := range rest.fields {
		switch {
		case strings.HasPrefix(f.name, "$"):
			dollar = append(dollar, f)
		case f.name != "anyOf":
			plain = append(plain, f)
		}
	}
	if len(plain) > 0 {
		wrapped := member("anyOf", arrayNode(objectNode(member("$ref", ref))))
		return objectNode(append(append(plain, wrapped), dollar...)...)
	}
	if n.raw != nil && ref.raw != nil && n.get("$ref") == ref && len(n.fields) == len(dollar)+1 && unchanged(n, dollar) {
		return n
	}
	return objectNode(append([]schemaField{member("$ref", ref)}, dollar...)...)
}

// unchanged reports whether fields are still members of n.
func unchanged(n *schemaNode, fields []schemaField) bool {
	for _, f := range fields {
		if f.node.raw == nil || n.get(f.name) != f.node {
			return false
		}
	}
	return true
}
