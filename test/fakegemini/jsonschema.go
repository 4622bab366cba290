package fakegemini

import (
	"fmt"
	"slices"
	"strings"
)

// schemaKeywords is the list that Google documents for responseJsonSchema.
var schemaKeywords = []string{
	"$id", "$defs", "$ref", "$anchor", "type", "format", "title", "description", "enum", "items", "prefixItems",
	"minItems", "maxItems", "minimum", "maximum", "anyOf", "oneOf", "properties", "additionalProperties", "required", "propertyOrdering",
}

var schemaTypes = []string{"string", "number", "integer", "boolean", "array", "object", "null"}

// schemaWalk checks one JSON Schema document.
type schemaWalk struct {
	j    *judge
	root *node
	path string // of the document in the request
}

// jsonSchema checks a parametersJsonSchema or responseJsonSchema.
func (j *judge) jsonSchema(n *node, path string) {
	w := schemaWalk{j, n, path}
	w.schema(n, "")
	w.recursion(n, nil, map[*node]bool{})
}

// where names a place inside the document as the API's texts do.
func where(at string) string {
	if at == "" {
		return "top-level"
	}
	return at
}

func (w schemaWalk) fault(r Rule, at, format string, args ...any) {
	w.j.fault(r, "%s: schema at %s %s", w.path, where(at), fmt.Sprintf(format, args...))
}

func (w schemaWalk) schema(n *node, at string) {
	if n.kind != '{' {
		w.fault(RuleSchema, at, "must be an object, not %s", clip(n.json()))
		return
	}
	if ref := n.member("$ref"); ref != nil {
		w.ref(n, ref, at)
	}
	for _, m := range n.members {
		if !slices.Contains(schemaKeywords, m.name) {
			w.fault(RuleSchemaKeyword, at, "has the unsupported keyword %q", m.name)
			continue
		}
		w.keyword(m, at)
	}
	w.types(n.member("type"), at)
	w.required(n, at)
}

// keyword descends into the keywords that hold schemas.
func (w schemaWalk) keyword(m member, at string) {
	inner := join(at, m.name)
	switch m.name {
	case "properties", "$defs":
		if m.value.kind != '{' {
			w.fault(RuleSchema, inner, "must be an object")
		}
		for _, p := range m.value.members {
			w.schema(p.value, join(inner, p.name))
		}
	case "anyOf", "oneOf", "prefixItems":
		if m.value.kind != '[' || len(m.value.elems) == 0 {
			w.fault(RuleSchema, inner, "must be a non-empty array")
		}
		for i, e := range m.value.elems {
			w.schema(e, fmt.Sprintf("%s[%d]", inner, i))
		}
	case "items":
		w.schema(m.value, inner)
	case "additionalProperties":
		if m.value.kind != 't' && m.value.kind != 'f' {
			w.schema(m.value, inner)
		}
	case "enum":
		w.enum(m.value, inner)
	case "minItems", "maxItems":
		if !fitsInt(m.value, 0, 1<<31-1) || m.value.kind != '0' {
			w.fault(RuleSchema, inner, "must be a non-negative integer")
		}
	case "minimum", "maximum":
		if m.value.kind != '0' {
			w.fault(RuleSchema, inner, "must be a number")
		}
	case "description", "title", "format", "$id", "$anchor":
		if m.value.kind != '"' {
			w.fault(RuleSchema, inner, "must be a string")
		}
	}
}

func (w schemaWalk) enum(n *node, at string) {
	if n.kind != '[' || len(n.elems) == 0 {
		w.fault(RuleSchema, at, "must be a non-empty array")
	}
	for i, e := range n.elems {
		switch {
		case e.kind != '"' && e.kind != '0':
			w.fault(RuleSchema, at, "[%d]: only strings and numbers are supported", i)
		case e.kind == '"' && e.text == "":
			w.fault(RuleSchema, at, "[%d]: cannot be empty", i)
		}
	}
}

func (w schemaWalk) types(t *node, at string) {
	if t == nil {
		return
	}
	for _, e := range t.list() {
		if e.kind != '"' || !slices.Contains(schemaTypes, e.text) {
			w.fault(RuleSchema, at, "has the unknown type %s", clip(e.json()))
		}
	}
	if t.kind == '[' && len(t.elems) == 0 {
		w.fault(RuleSchema, at, "has an empty list of types")
	}
}

func (w schemaWalk) required(n *node, at string) {
	req := n.member("required")
	if req == nil {
		return
	}
	if req.kind != '[' {
		w.fault(RuleSchema, join(at, "required"), "must be an array")
	}
	for i, r := range req.elems {
		if r.kind != '"' || n.member("properties").member(r.text) == nil {
			w.fault(RuleSchema, at, "is invalid: required[%d]: property is not defined", i)
		}
	}
}

// ref checks that a reference stands alone and leads somewhere.
func (w schemaWalk) ref(n, ref *node, at string) {
	for _, m := range n.members {
		if !strings.HasPrefix(m.name, "$") {
			w.fault(RuleSchemaRef, at, "can only contain properties starting with '$' when $ref is present")
			break
		}
	}
	if w.resolve(ref.str()) == nil {
		w.fault(RuleSchemaRef, at, "has a $ref %s that does not resolve within $defs", clip(ref.json()))
	}
}

// resolve follows "#" and "#/$defs/Name"; nil for anything else.
func (w schemaWalk) resolve(ref string) *node {
	if ref == "#" {
		return w.root
	}
	name, ok := strings.CutPrefix(ref, "#/$defs/")
	if !ok {
		return nil
	}
	name = strings.ReplaceAll(strings.ReplaceAll(name, "~1", "/"), "~0", "~")
	return w.root.member("$defs").member(name)
}

// recursion refuses cycles that pass through required properties only: no
// value could satisfy them. done holds schemas already found to be free of them.
func (w schemaWalk) recursion(n *node, above []*node, done map[*node]bool) {
	if slices.Contains(above, n) {
		w.fault(RuleSchemaRef, "", "recurses through required properties")
		return
	}
	if done[n] {
		return
	}
	above = append(above, n)
	if ref := n.member("$ref"); ref != nil {
		if to := w.resolve(ref.str()); to != nil {
			w.recursion(to, above, done)
		}
	}
	for _, r := range n.member("required").list() {
		if p := n.member("properties").member(r.str()); p != nil {
			w.recursion(p, above, done)
		}
	}
	done[n] = true
}
