package gemini

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// rewrite makes the changes: n itself if there are none in it.
func (f *loopFinder) rewrite(n *schemaNode) *schemaNode {
	out := &schemaNode{kind: n.kind}
	changed := false
	for _, field := range n.fields {
		old := field.node
		field.node = f.rewrite(old)
		changed = changed || field.node != old
		if len(f.cut[old]) > 0 && len(field.node.items) == 0 {
			continue // no member is left
		}
		out.fields = append(out.fields, field)
	}
	for i, old := range n.items {
		if f.cut[n][i] {
			changed = true
			continue
		}
		item := f.rewrite(old)
		changed = changed || item != old
		out.items = append(out.items, item)
	}
	if dropped := f.drop[n]; len(dropped) > 0 {
		changed = true
		f.loosen(out, dropped)
	}
	if !changed {
		return n
	}
	if len(out.fields) == 0 && len(n.fields) > 0 {
		out.fields = []schemaField{member("type", stringNode("object"))}
	}
	return out
}

// loosen drops edges of the schema that becomes out.
func (f *loopFinder) loosen(out *schemaNode, edges dropped) {
	by := map[string]bool{}       // keyword
	optional := map[string]bool{} // properties
	for e := range edges {
		if by[e.keyword] = true; e.keyword == "properties" {
			optional[e.name] = true
		}
	}
	without := func(keywords ...string) {
		out.fields = slices.DeleteFunc(out.fields, func(s schemaField) bool { return slices.Contains(keywords, s.name) })
		out.at = nil
	}
	if len(optional) > 0 {
		list := arrayNode()
		for _, item := range out.get("required").items {
			if !optional[item.text()] {
				list.items = append(list.items, item)
			}
		}
		if out.fields[out.index("required")].node = list; len(list.items) == 0 {
			without("required")
		}
	}
	if by["additionalProperties"] {
		out.fields[out.index("additionalProperties")].node = &schemaNode{kind: jsontext.KindTrue, raw: []byte("true")}
	}
	if by["items"] || by["prefixItems"] {
		if without("minItems"); f.strict || !mayBeEmpty(out) { // whatever it holds, it is refused
			without("prefixItems", "items")
			out.fields = append(out.fields, member("items", objectNode(member("type", stringNode("object")))))
		}
	}
	for _, keyword := range []string{"$ref", "ref"} {
		if by[keyword] {
			without(keyword)
		}
	}
}
