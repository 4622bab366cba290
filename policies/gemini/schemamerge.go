package gemini

import "github.com/go-json-experiment/json/jsontext"

// mergeAllOf returns fields with the members of allOf merged into them, and
// the schemas that were expanded for it, which are in progress until the
// caller leaves them. Without allOf it returns fields itself.
func (c *schemaCompiler) mergeAllOf(fields []schemaField) (merged []schemaField, expanded []*schemaNode) {
	var all *schemaNode
	rest := fields
	for i, f := range fields {
		if f.name == "allOf" {
			all = f.node
			rest = append(append(make([]schemaField, 0, len(fields)), fields[:i]...), fields[i+1:]...)
			break
		}
	}
	if all == nil {
		return fields, nil
	}
	m := newSchemaMerger(c, rest)
	if len(all.items) == 1 {
		// The usual way to give a reference siblings: no need to expand it.
		m.add(all.items[0].fields)
		if i, again := m.at["allOf"]; again {
			nested := m.fields[i]
			m.fields = append(m.fields[:i:i], m.fields[i+1:]...)
			m = newSchemaMerger(c, m.fields)
			m.addAll(nested.node)
		}
		return m.fields, m.expanded
	}
	m.addAll(all)
	return m.fields, m.expanded
}

// schemaMerger unites the fields of several schemas that must all hold. The
// first to say something counts; properties, required and $defs are united.
type schemaMerger struct {
	c        *schemaCompiler
	fields   []schemaField
	at       map[string]int             // index in fields
	sets     map[string]map[string]bool // what united fields hold already
	expanded []*schemaNode
	depth    int
}

func newSchemaMerger(c *schemaCompiler, fields []schemaField) *schemaMerger {
	m := &schemaMerger{c: c, at: map[string]int{}, sets: map[string]map[string]bool{}}
	m.add(fields)
	return m
}

// addAll adds the members of an allOf, their references and allOfs resolved.
func (m *schemaMerger) addAll(all *schemaNode) {
	if m.depth++; m.depth > maxSchemaDepth {
		m.c.err = errSchemaDepth
	}
	defer func() { m.depth-- }()
	for _, item := range all.items {
		if m.c.err != nil {
			return
		}
		m.addResolved(item)
	}
}

func (m *schemaMerger) addResolved(n *schemaNode) {
	ref, nested := n.get("$ref"), n.get("allOf")
	if ref == nil && nested == nil {
		m.add(n.fields)
		return
	}
	own := make([]schemaField, 0, len(n.fields))
	for _, f := range n.fields {
		if f.name != "$ref" && f.name != "allOf" {
			own = append(own, f)
		}
	}
	m.add(own)
	if nested != nil {
		m.addAll(nested)
	}
	if ref == nil {
		return
	}
	// A schema that is part of itself adds nothing.
	if target := m.c.resolve(ref.text()); target != nil && !m.c.active[target] && m.c.spend(1) {
		m.c.active[target] = true
		m.expanded = append(m.expanded, target)
		m.addAll(arrayNode(target))
	}
}

// add adds fields without looking into them.
func (m *schemaMerger) add(fields []schemaField) {
	for _, f := range fields {
		if !m.c.spend(mergeCost) {
			return
		}
		i, ok := m.at[f.name]
		if !ok {
			m.at[f.name] = len(m.fields)
			m.fields = append(m.fields, f)
			continue
		}
		switch first := m.fields[i].node; {
		case f.node.kind != first.kind:
		case f.name == "properties" || f.name == "$defs":
			m.uniteObjects(i, f.node)
		case f.name == "required":
			m.uniteArrays(i, f.node)
		}
	}
}

// own makes the field at i a copy that may be appended to, and returns it with
// the set of what it holds.
func (m *schemaMerger) own(i int) (*schemaNode, map[string]bool) {
	f := &m.fields[i]
	if set := m.sets[f.name]; set != nil {
		return f.node, set
	}
	set := map[string]bool{}
	for _, x := range f.node.fields {
		set[x.name] = true
	}
	for _, x := range f.node.items {
		set[x.text()] = true
	}
	m.c.spend(mergeCost * len(set))
	f.node = &schemaNode{
		kind:   f.node.kind,
		fields: append([]schemaField(nil), f.node.fields...),
		items:  append([]*schemaNode(nil), f.node.items...),
	}
	m.sets[f.name] = set
	return f.node, set
}

func (m *schemaMerger) uniteObjects(i int, more *schemaNode) {
	if more.kind != jsontext.KindBeginObject || !m.c.spend(mergeCost*len(more.fields)) {
		return
	}
	dst, set := m.own(i)
	for _, f := range more.fields {
		if !set[f.name] {
			set[f.name] = true
			dst.fields = append(dst.fields, f)
		}
	}
}

func (m *schemaMerger) uniteArrays(i int, more *schemaNode) {
	if more.kind != jsontext.KindBeginArray || !m.c.spend(mergeCost*len(more.items)) {
		return
	}
	dst, set := m.own(i)
	for _, item := range more.items {
		if name := item.text(); !set[name] {
			set[name] = true
			dst.items = append(dst.items, item)
		}
	}
}
