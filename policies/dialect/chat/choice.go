package chat

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// choices are the words for how free the model is in calling tools. "any" is
// another service's word for required.
var choices = map[string]conversation.ChoiceMode{
	"auto": conversation.ChoiceAuto, "none": conversation.ChoiceNone,
	"required": conversation.ChoiceAny, "any": conversation.ChoiceAny,
}

// choice reads tool_choice, or function_call of older clients.
func (d *decoder) choice(v jsontext.Value) error {
	if v.Kind() != '"' {
		return d.Object(v, d.choiceOf)
	}
	mode, ok := choices[string(jsonwalk.Unquote(v))]
	if !ok {
		return d.Invalid("", "Input should be 'none', 'auto', 'required' or an object that names a tool")
	}
	d.Req.Choice = conversation.Choice{Mode: mode}
	return nil
}

func (d *decoder) choiceOf(m jsonwalk.Members) error {
	if err := m.Obey(choiceFields); err != nil {
		return err
	}
	if m.Get("allowed_tools") != nil {
		return m.Object("allowed_tools", d.allowed)
	}
	name, err := d.chosen(m)
	d.Req.Choice = conversation.Choice{Mode: conversation.ChoiceNamed, Names: []string{name}}
	return err
}

// chosen returns the tool that m names: in function, in custom, or directly.
func (d *decoder) chosen(m jsonwalk.Members) (name string, err error) {
	read := func(m jsonwalk.Members) error {
		text, err := m.NeedText("name")
		name = text.String()
		return err
	}
	switch {
	case m.Get("function") != nil:
		err = m.Object("function", read)
	case m.Get("custom") != nil:
		err = m.Object("custom", read)
	default:
		err = read(m)
	}
	return name, err
}

// allowed reads the tools that may be called.
func (d *decoder) allowed(m jsonwalk.Members) error {
	if err := m.Obey(allowedFields); err != nil {
		return err
	}
	c := conversation.Choice{Mode: conversation.ChoiceAllow}
	switch string(jsonwalk.Chars(m.Get("mode"))) {
	case "auto":
	case "required":
		c.Mode = conversation.ChoiceNamed
	default:
		return d.Invalid("mode", "Input should be 'auto' or 'required'")
	}
	if m.Get("tools") == nil {
		return d.Invalid("tools", "Field required")
	}
	err := d.Within("tools", func() error {
		return d.List(m.Get("tools"), func(i int, v jsontext.Value) error {
			if i == conversation.MaxTools {
				return d.Invalid("", "at most %d tools are allowed", conversation.MaxTools)
			}
			return d.Object(v, func(m jsonwalk.Members) error {
				name, err := d.chosen(m)
				c.Names = append(c.Names, name)
				return err
			})
		})
	})
	d.Req.Choice = c
	return err
}
