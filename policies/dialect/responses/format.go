package responses

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// text reads how the answer's text should look.
func (d *decoder) text(m jsonwalk.Members) error {
	d.Req.Format = nil
	if err := m.Obey(textFields); err != nil {
		return err
	}
	return m.Object("format", d.format)
}

func (d *decoder) format(m jsonwalk.Members) error {
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
	switch f.Name {
	case "text":
		return nil
	case "json_object":
		d.Req.Format = &conversation.Format{}
		return nil
	}
	schema := m.Get("schema")
	if schema.Kind() != '{' {
		return d.Invalid("schema", "Input should be an object")
	}
	d.Req.Format = &conversation.Format{Schema: conversation.Raw(schema)}
	return nil
}
