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

// recordedKeywords are undocumented keywords with which the real API answered
// requests.
var recordedKeywords = []string{"$schema", "default", "pattern", "minLength", "maxLength"}

var schemaTypes = []string{"string", "number", "integer", "boolean", "array", "object", "null"}

// schemaWalk checks one JSON Schema document.
type schemaWalk struct {
	j    *validator
	root *node
	path string // of the document in the request
}

// jsonSchema checks a parametersJsonSchema or responseJsonSchema.
func (j *validator) jsonSchema(n *node, path string) {
	w := schemaWalk{j, n, path}
	w.schema(n, "")
	w.eachLoop()
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
		if !slices.Contains(schemaKeywords, m.name) && !slices.Contains(recordedKeywords, m.name) {
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

// loops refuses schemas that hold themselves through required properties only,
// with Google's error text. By that text null in the property is enough to end
// a loop. done holds schemas already found to be free of loops.
func (w schemaWalk) loops(n *node, at string, above []*node, done map[*node]bool) {
	if n.kind != '{' || done[n] {
		return
	}
	above = append(above, n)
	if to := w.resolve(n.member("$ref").str()); to != nil && slices.Contains(above, to) {
		w.j.fault(RuleSchemaRef, "ref loops are only supported if they include optional or nullable property values, or a potentially-zero-length array items, but a ref loop of required fields was found at %s", where(at))
	} else if to != nil {
		w.loops(to, strings.ReplaceAll(strings.TrimLeft(n.member("$ref").str(), "#/"), "/", "."), above, done)
	}
	for _, list := range []string{"anyOf", "oneOf"} {
		for i, e := range n.member(list).list() {
			w.loops(e, fmt.Sprintf("%s.%d", join(at, list), i), above, done)
		}
	}
	for _, r := range n.member("required").list() {
		if p := n.member("properties").member(r.str()); p != nil && !mayBeNull(p) {
			w.loops(p, join(at, "properties."+r.str()), above, done)
		}
	}
	if extra := n.member("additionalProperties"); extra != nil {
		w.loops(extra, join(at, "additionalProperties"), above, done)
	}
	if items := n.member("items"); items != nil && needsItem(n.member("minItems")) {
		w.loops(items, join(at, "items"), above, done)
	}
	done[n] = true
}

// eachLoop looks for loops in the whole document.
func (w schemaWalk) eachLoop() {
	done := map[*node]bool{}
	w.loops(w.root, "", nil, done)
	if defs := w.root.member("$defs"); defs != nil {
		for _, d := range defs.members {
			w.loops(d.value, "$defs."+d.name, nil, done)
		}
	}
}

// needsItem reports whether minItems asks for an item.
func needsItem(n *node) bool { return n != nil && fitsInt(n, 1, 1<<31-1) }

// mayBeNull reports whether a schema allows null beside something else.
func mayBeNull(n *node) bool {
	null := func(e *node) bool { return e.str() == "null" || e.member("type").str() == "null" }
	return slices.ContainsFunc(n.member("anyOf").list(), null) || slices.ContainsFunc(n.member("type").list(), null)
}
