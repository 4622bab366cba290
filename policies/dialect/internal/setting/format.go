package setting

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// FormatTypes are the types of answers.
var FormatTypes = &jsonwalk.Table{Name: "output format types", Fields: []jsonwalk.Field{
	{"text", jsonwalk.Map, "free text"},
	{"json_object", jsonwalk.Map, "JSON that obeys the schema, if there is one; else any JSON"},
	{"json_schema", jsonwalk.Map, "JSON that obeys the schema"},
}}

// FormatFields are those of an output format in the form of all APIs.
var FormatFields = &jsonwalk.Table{Name: "output format", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"schema", jsonwalk.Map, "the schema of the answer"},
	{"json_schema", jsonwalk.Map, "an object that holds the schema, or the schema itself"},
	{"response_schema", jsonwalk.Map, "the schema of the answer; of gateways"},
	{"name", jsonwalk.Drop, "the upstream does not name formats"},
	{"description", jsonwalk.Drop, "the upstream does not describe formats"},
	{"strict", jsonwalk.Drop, "the schema always holds"},
}}

// SchemaFields are those of an object that holds a schema.
var SchemaFields = &jsonwalk.Table{Name: "output format json_schema", Fields: []jsonwalk.Field{
	{"schema", jsonwalk.Map, "the schema; absent means any JSON"},
	{"name", jsonwalk.Drop, "the upstream does not name formats"},
	{"description", jsonwalk.Drop, "the upstream does not describe formats"},
	{"strict", jsonwalk.Drop, "the schema always holds"},
}}

// Format reads how the answer should look. APIs put the schema in different
// places, and clients that know several use any of them; some send the schema
// in place of the format, or its type alone. own is the field where the API has
// it.
func Format(w *jsonwalk.Walker, own string, v jsontext.Value) error {
	w.Req.Format = nil
	switch kind := string(jsonwalk.Chars(v)); {
	case kind == "text":
		return nil
	case kind == "json_object":
		w.Req.Format = &conversation.Format{}
		return nil
	case v.Kind() == '"':
		return w.Invalid("", "Input should be an object, or 'text' or 'json_object'")
	}
	return w.Object(v, func(m jsonwalk.Members) error {
		kind, err := m.Text("type")
		if err != nil && !IsSchema(v) {
			return err
		}
		f := FormatTypes.Find([]byte(kind.String()))
		holder := slices.ContainsFunc([]string{"schema", "json_schema", "response_schema"}, func(name string) bool { return m.Get(name) != nil })
		switch {
		case f == nil && !holder && IsSchema(v):
			w.Req.Format = &conversation.Format{Schema: conversation.Raw(v)}
			return nil
		case kind == nil && !holder:
			return w.Invalid("type", "Field required")
		case kind != nil && f == nil:
			return w.Invalid("type", "Input should be 'text', 'json_object' or 'json_schema'")
		}
		if err := m.Apply(FormatFields); err != nil || f != nil && f.Name == "text" {
			return err
		}
		if !holder && f.Name == "json_schema" {
			return w.Invalid(own, "Field required")
		}
		w.Req.Format = &conversation.Format{}
		return formatSchema(w, m)
	})
}

// Schema reads v, the schema of the answer that stands without a format.
func Schema(w *jsonwalk.Walker, v jsontext.Value) error {
	if v.Kind() != '{' {
		return w.Invalid("", "Input should be an object")
	}
	w.Req.Format = &conversation.Format{Schema: conversation.Raw(v)}
	return nil
}

// formatSchema reads the schema of a format.
func formatSchema(w *jsonwalk.Walker, m jsonwalk.Members) error {
	for _, name := range []string{"schema", "response_schema", "json_schema"} {
		v := m.Get(name)
		switch {
		case v == nil:
			continue
		case v.Kind() != '{':
			return w.Invalid(name, "Input should be an object")
		case IsSchema(v) || name != "json_schema" && !holdsSchema(v):
			w.Req.Format.Schema = conversation.Raw(v)
			return nil
		}
		return m.Object(name, func(m jsonwalk.Members) error {
			if err := m.Apply(SchemaFields); err != nil {
				return err
			}
			schema := m.Get("schema")
			if schema != nil && schema.Kind() != '{' {
				return w.Invalid("schema", "Input should be an object")
			}
			w.Req.Format.Schema = conversation.Raw(schema)
			return nil
		})
	}
	return nil
}

// StraySchema refuses v, the value of a field that no row of t names, if it is
// a schema or holds one: the answer would not obey it.
func StraySchema(w *jsonwalk.Walker, t *jsonwalk.Table, name []byte, v jsontext.Value) error {
	if t.Find(name) == nil && (IsSchema(v) || holdsSchema(v)) {
		return w.Invalid(string(name), "not a known field, and it holds a schema; send that as the format of the answer")
	}
	return nil
}

// holdsSchema reports whether v is an object that holds a schema under a name
// of one.
func holdsSchema(v jsontext.Value) bool {
	for name, inner := range jsonwalk.Fields(v) {
		switch string(name) {
		case "schema", "json_schema", "responseSchema", "response_schema", "responseJsonSchema", "response_json_schema":
			if inner.Kind() == '{' {
				return true
			}
		}
	}
	return false
}

// IsSchema reports whether v is a JSON Schema, by its keywords.
func IsSchema(v jsontext.Value) bool {
	for name, inner := range jsonwalk.Fields(v) {
		switch string(name) {
		case "properties", "$ref", "anyOf", "oneOf", "allOf", "enum", "items", "$defs", "definitions":
			return true
		case "type":
			switch strings.ToLower(string(jsonwalk.Chars(inner))) {
			case "object", "array", "string", "number", "integer", "boolean", "null":
				return true
			}
		}
	}
	return false
}
