package claude

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// maxModel bounds model names; the longest known has 60 characters.
const maxModel = 256

func (d *decoder) model(v jsontext.Value) error {
	name, err := d.text("model", v)
	if err != nil {
		return err
	}
	if len(name) > maxModel {
		return d.invalid("model", "String should have at most %d characters", maxModel)
	}
	d.req.Model = name.String()
	return nil
}

// limit reads a sampling setting or limit. Ranges are the upstream's business:
// they differ by model.
func (d *decoder) limit(name string, v jsontext.Value) error {
	l := &d.req.Limits
	switch name {
	case "max_tokens", "top_k":
		n, err := d.count(name, v)
		if name == "top_k" {
			l.TopK = &n
		} else {
			l.MaxTokens = &n
		}
		return err
	default:
		f, err := d.number(name, v)
		if name == "top_p" {
			l.TopP = &f
		} else {
			l.Temperature = &f
		}
		return err
	}
}

func (d *decoder) stops(v jsontext.Value) error {
	d.req.Limits.Stop = nil
	return d.list(v, func(_ int, v jsontext.Value) error {
		s, err := d.text("", v)
		d.req.Limits.Stop = append(d.req.Limits.Stop, s.String())
		return err
	})
}

func (d *decoder) outputConfig(m members) error {
	if err := m.obey(outputFields); err != nil {
		return err
	}
	effort, err := m.text("effort")
	if err != nil {
		return err
	}
	d.effort = effort.String()
	if f := m.get("format"); f != nil {
		return d.within("format", func() error { return d.object(f, d.format) })
	}
	return nil
}

// format reads the shape of the answer, which newer clients put into
// output_config.format and older ones into output_format.
func (d *decoder) format(m members) error {
	kind, err := m.needText("type")
	if err != nil {
		return err
	}
	if kind.String() != "json_schema" {
		return d.unsupported("type", "only json_schema is known")
	}
	if err := m.obey(formatFields); err != nil {
		return err
	}
	schema := m.get("schema")
	if schema == nil {
		return d.invalid("schema", "Field required")
	}
	if schema.Kind() != '{' {
		return d.invalid("schema", "Input should be an object")
	}
	d.req.Format = &conversation.Format{Schema: conversation.Raw(schema)}
	return nil
}
