package fakegemini

import (
	"fmt"
	"strings"
)

// protoSchema checks what the Schema message means; its fields and types were
// checked against the table. top is set for a declaration's parameters.
func (j *validator) protoSchema(n *node, path string, top bool) {
	kind := strings.ToUpper(n.get("type").str())
	if ref := n.get("ref"); ref != nil {
		j.schemaRef(n, ref)
		return
	}
	if top && kind != "OBJECT" {
		j.field(RuleSchema, path, "should be of type OBJECT")
	}
	if (kind == "" || kind == "TYPE_UNSPECIFIED") && len(n.get("anyOf").list()) == 0 {
		j.field(RuleSchema, path+".type", "must be specified")
	}
	switch kind {
	case "ARRAY":
		if n.get("items") == nil {
			j.field(RuleSchema, path+".items", "missing field.")
		}
	case "OBJECT":
		j.schemaRequired(n, path)
	}
	j.schemaEnum(n, kind, path)
	if properties := n.get("properties"); properties != nil {
		for _, p := range properties.members {
			j.protoSchema(p.value, fmt.Sprintf("%s.properties[%s]", path, p.name), false)
		}
	}
	if items := n.get("items"); items != nil {
		j.protoSchema(items, path+".items", false)
	}
	for i, s := range n.get("anyOf").list() {
		j.protoSchema(s, fmt.Sprintf("%s.any_of[%d]", path, i), false)
	}
}

func (j *validator) schemaRef(n, ref *node) {
	for _, m := range n.members {
		if name := m.name; name != "ref" && name != "description" && name != "default" {
			j.fault(RuleSchemaRef, "Schema.ref '%s' was set alongside unsupported fields. If a schema node has Schema.ref set, then only description and default can be set alongside it; other fields they would be replaced by the expanded reference.", ref.str())
			return
		}
	}
}

func (j *validator) schemaRequired(n *node, path string) {
	for i, r := range n.get("required").list() {
		if n.get("properties").member(r.str()) == nil {
			j.field(RuleSchema, fmt.Sprintf("%s.required[%d]", path, i), "property is not defined")
		}
	}
}

func (j *validator) schemaEnum(n *node, kind, path string) {
	values := n.get("enum").list()
	if len(values) > 0 && kind != "STRING" {
		j.field(RuleSchema, path+".enum", "only allowed for STRING type")
	}
	for i, v := range values {
		if v.str() == "" {
			j.field(RuleSchema, fmt.Sprintf("%s.enum[%d]", path, i), "cannot be empty")
		}
	}
	if f := n.get("format").str(); kind == "STRING" && f != "" && f != "enum" && f != "date-time" {
		j.field(RuleSchema, path+".format", "only 'enum' and 'date-time' are supported for STRING type")
	}
}
