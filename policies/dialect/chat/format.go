package chat

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// format reads response_format.
func (d *decoder) format(m jsonwalk.Members) error {
	d.Req.Format = nil
	kind, err := m.NeedText("type")
	if err != nil {
		return err
	}
	f := formatTypes.Find([]byte(kind.String()))
	if f == nil {
		return d.Invalid("type", "Input should be 'text', 'json_object' or 'json_schema'")
	}
	if err := m.Obey(formatFields); err != nil {
		return err
	}
	if f.Name == "text" {
		return nil
	}
	d.Req.Format = &conversation.Format{}
	if f.Name == "json_object" {
		return nil
	}
	if m.Get("json_schema") == nil {
		return d.Invalid("json_schema", "Field required")
	}
	return m.Object("json_schema", func(m jsonwalk.Members) error {
		if err := m.Obey(schemaFields); err != nil {
			return err
		}
		schema := m.Get("schema")
		if schema != nil && schema.Kind() != '{' {
			return d.Invalid("schema", "Input should be an object")
		}
		d.Req.Format.Schema = conversation.Raw(schema)
		return nil
	})
}
