package chat

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// freeformTool reads the declaration of a freeform tool, "custom" in this API.
func (d *decoder) freeformTool(m jsonwalk.Members) (t conversation.Tool, err error) {
	if err := m.Obey(customFields); err != nil {
		return t, err
	}
	name, err := m.NeedText("name")
	if err != nil {
		return t, err
	}
	t = conversation.Tool{Name: name.String(), Schema: conversation.Raw(openai.FreeformSchema)}
	if t.Description, err = m.Text("description"); err != nil {
		return t, err
	}
	err = m.Object("format", func(m jsonwalk.Members) error {
		if err := m.Obey(customFormatFields); err != nil {
			return err
		}
		return m.Object("grammar", func(m jsonwalk.Members) error {
			return addGrammar(m, &t.Description)
		})
	})
	if d.own.freeform == nil {
		d.own.freeform = map[string]bool{}
	}
	d.own.freeform[t.Name] = true
	return t, err
}

// addGrammar appends what the input must look like to the tool's description.
func addGrammar(m jsonwalk.Members, description *conversation.Text) error {
	if err := m.Obey(grammarFields); err != nil {
		return err
	}
	definition, err := m.NeedText("definition")
	if err != nil {
		return err
	}
	syntax, err := m.Text("syntax")
	if err != nil {
		return err
	}
	*description = openai.Grammar(*description, syntax, definition)
	return nil
}
