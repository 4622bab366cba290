package chat

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
	"github.com/heald-proxy/heald/policies/dialect/responses"
)

// Editors that know several APIs send the body of one on the path of another.
// The decoder of that API reads what is its own; the reply is of this API.

// foreign reads a field that holds the conversation, or its system text, in
// another API's form.
func (d *decoder) foreign(name string, v jsontext.Value) (err error) {
	switch name {
	case "input":
		if jsonwalk.AsksForNothing(v) {
			d.hollow = v // some gateways add it beside messages; then it is ignored
			return nil
		}
		d.input = true
		d.added, err = responses.Input(d.Walker, v)
		for _, m := range d.Req.Messages {
			splitIDs(m.Parts)
		}
	case "system":
		err = d.Within(name, func() error {
			parts, err := claude.System(d.Walker, v)
			d.system = append(d.system, parts...)
			return err
		})
	default: // instructions
		t, err := d.Text(name, v)
		d.system = openai.AppendText(d.system, t)
		return err
	}
	return err
}

// item reads an item of Responses that stands among the messages.
func (d *decoder) item(v jsontext.Value) error {
	first := len(d.Req.Messages)
	tools, err := responses.Item(d.Walker, v)
	d.added = append(d.added, tools...)
	for _, m := range d.Req.Messages[first:] {
		splitIDs(m.Parts)
	}
	return err
}

// formatWithin reads an object of another API that holds the format of the
// answer beside other settings.
func (d *decoder) formatWithin(m jsonwalk.Members, t *jsonwalk.Table) error {
	if err := m.Apply(t); err != nil {
		return err
	}
	if effort := jsonwalk.Chars(m.Get("effort")); effort != nil {
		d.thinking.effort = string(effort)
	}
	if v := m.Get("verbosity"); v != nil {
		if err := openai.Verbosity(d.Walker, v); err != nil {
			return err
		}
	}
	v := m.Get("format")
	if v == nil {
		return nil
	}
	return d.Within("format", func() error { return setting.Format(d.Walker, "schema", v) })
}
