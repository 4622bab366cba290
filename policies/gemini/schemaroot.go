package gemini

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// compileRoot compiles the whole schema; nil if it says nothing.
func (c *schemaCompiler) compileRoot() *schemaNode {
	c.active[c.root] = true
	fields, expanded := c.rootFields()
	out := c.fields(c.root, fields)
	c.leave(expanded)
	if c.object {
		out = c.rootObject(out)
	}
	out = c.addHoisted(out)
	if c.err != nil || len(out.fields) == 0 && !c.native || c.object && !c.native && saysNothing(out) {
		return nil
	}
	return out
}

// rootFields are the fields of the root with a reference at its place resolved:
// the root must say itself what it is. What was expanded for it is in progress
// until the caller leaves it.
func (c *schemaCompiler) rootFields() (fields []schemaField, expanded []*schemaNode) {
	fields = c.root.fields
	seen := map[*schemaNode]bool{c.root: true}
	for {
		merged, more := c.mergeAllOf(fields)
		fields, expanded = merged, append(expanded, more...)
		var ref *schemaNode
		rest := make([]schemaField, 0, len(fields))
		for _, f := range fields {
			if f.name == "$ref" {
				ref = f.node
			} else {
				rest = append(rest, f)
			}
		}
		if ref == nil {
			return fields, expanded
		}
		m := newSchemaMerger(c, rest)
		if target := c.resolve(ref.text()); target != nil && !seen[target] {
			seen[target] = true
			m.add(target.fields)
		}
		fields = m.fields
	}
}

// rootObject makes the root describe an object, as arguments are one.
func (c *schemaCompiler) rootObject(n *schemaNode) *schemaNode {
	switch kind := n.get("type"); {
	case kind != nil && kind.text() == "object":
		return n
	case kind == nil && n.get("properties") == nil && n.get("anyOf") != nil:
		return c.uniteBranches(n)
	case kind == nil && n.get("enum") == nil, kind != nil && allows(kind, "object"):
		return withField(n, "type", stringNode("object"))
	}
	return wrapRoot(n)
}

// uniteBranches makes one object of a root that is a choice of objects. It
// allows more than the choice did, but arguments keep their shape: wrapping the
// choice into a property would put them where the client does not look.
func (c *schemaCompiler) uniteBranches(n *schemaNode) *schemaNode {
	m := newSchemaMerger(c, []schemaField{member("type", stringNode("object"))})
	for _, f := range n.fields {
		if f.name != "anyOf" {
			m.add([]schemaField{f})
		}
	}
	common := map[string]int{} // required in how many branches
	branches := 0
	for _, branch := range n.get("anyOf").items {
		if ref := branch.get("$ref"); ref != nil {
			name := strings.TrimPrefix(ref.text(), defsPointer)
			if branch = definition(n, unescapePointer(name)); branch == nil {
				continue
			}
		}
		properties := branch.get("properties")
		if properties == nil {
			continue
		}
		branches++
		m.add([]schemaField{member("properties", properties)})
		if required := branch.get("required"); required != nil && c.spend(mergeCost*len(required.items)) {
			for _, item := range required.items {
				common[item.text()]++
			}
		}
	}
	if branches == 0 {
		return wrapRoot(n)
	}
	var required []*schemaNode
	for _, f := range m.fields[m.at["properties"]].node.fields {
		if common[f.name] == branches {
			required = append(required, stringNode(f.name))
		}
	}
	if len(required) > 0 {
		m.add([]schemaField{member("required", arrayNode(required...))})
	}
	return objectNode(m.fields...)
}

// wrapRoot makes a schema that no object fits the only property of one.
func wrapRoot(n *schemaNode) *schemaNode {
	inner, defs := objectNode(), n.get("$defs")
	for _, f := range n.fields {
		if f.name != "$defs" {
			inner.fields = append(inner.fields, f)
		}
	}
	out := objectNode(
		member("type", stringNode("object")),
		member("properties", objectNode(member("value", inner))),
		member("required", arrayNode(stringNode("value"))),
	)
	if defs != nil {
		out.fields = append(out.fields, member("$defs", defs))
	}
	return out
}

// addHoisted adds the definitions made for recursive schemas.
func (c *schemaCompiler) addHoisted(n *schemaNode) *schemaNode {
	if len(c.queue) == 0 {
		return n
	}
	defs := objectNode()
	if old := n.get("$defs"); old != nil {
		defs.fields = append(defs.fields, old.fields...)
	}
	for len(c.queue) > 0 && c.err == nil {
		target := c.queue[0]
		c.queue = c.queue[1:]
		source := objectNode()
		for _, f := range target.fields {
			if target != c.root || f.name != "$defs" {
				source.fields = append(source.fields, f)
			}
		}
		c.active[target] = true
		defs.fields = append(defs.fields, member(c.hoists[target], c.fields(source, source.fields)))
		c.active[target] = false
	}
	return withField(n, "$defs", defs)
}

// saysNothing reports whether a root allows no arguments, or says nothing
// about them.
func saysNothing(n *schemaNode) bool {
	properties, extra := n.get("properties"), n.get("additionalProperties")
	return (properties == nil || len(properties.fields) == 0) &&
		(extra == nil || extra.kind == jsontext.KindFalse) &&
		n.get("anyOf") == nil && n.get("$ref") == nil
}

// withField returns n with a member set.
func withField(n *schemaNode, name string, value *schemaNode) *schemaNode {
	out := objectNode()
	set := false
	for _, f := range n.fields {
		if f.name == name {
			f.node, set = value, true
		}
		out.fields = append(out.fields, f)
	}
	if !set {
		out.fields = append(out.fields, member(name, value))
	}
	return out
}

func definition(root *schemaNode, name string) *schemaNode {
	if defs := root.get("$defs"); defs != nil {
		return defs.get(name)
	}
	return nil
}

// allows reports whether a list of types holds name.
func allows(types *schemaNode, name string) bool {
	for _, item := range types.items {
		if item.text() == name {
			return true
		}
	}
	return false
}
