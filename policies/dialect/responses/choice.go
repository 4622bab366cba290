package responses

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

var choices = map[string]conversation.ChoiceMode{
	"auto": conversation.ChoiceAuto, "none": conversation.ChoiceNone, "required": conversation.ChoiceAny,
}

// choice reads tool_choice.
func (d *decoder) choice(v jsontext.Value) error {
	d.Req.Choice, d.hosted = conversation.Choice{}, ""
	if v.Kind() != '"' {
		return d.Object(v, d.choiceOf)
	}
	mode, ok := choices[string(jsonwalk.Unquote(v))]
	if !ok {
		return d.Invalid("", "Input should be 'none', 'auto', 'required' or an object that names a tool")
	}
	d.Req.Choice.Mode = mode
	return nil
}

func (d *decoder) choiceOf(m jsonwalk.Members) error {
	if err := m.Obey(choiceFields); err != nil {
		return err
	}
	kind, err := m.NeedText("type")
	if err != nil {
		return err
	}
	if kind.String() == "allowed_tools" {
		return d.allowed(m)
	}
	name, err := d.chosen(m)
	if err != nil {
		return err
	}
	if name == "" {
		d.hosted = kind.String()
		return nil
	}
	d.Req.Choice = conversation.Choice{Mode: conversation.ChoiceNamed, Names: []string{name}}
	return nil
}

// chosen returns the upstream's name of the function that m names, "" for a
// tool that the upstream runs.
func (d *decoder) chosen(m jsonwalk.Members) (string, error) {
	kind := string(jsonwalk.Chars(m.Get("type")))
	if typedToolOf(kind) != nil {
		return kind, nil
	}
	if kind != "function" && kind != "custom" {
		return "", nil
	}
	name, err := m.NeedText("name")
	if err != nil {
		return "", err
	}
	namespace, err := m.Text("namespace")
	return flatten(namespace.String(), name.String()), err
}

// allowed reads the tools that may be called.
func (d *decoder) allowed(m jsonwalk.Members) error {
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
				if name != "" {
					c.Names = append(c.Names, name)
				}
				return err
			})
		})
	})
	if len(c.Names) == 0 {
		d.Warn("tools", "names no function, so every tool may be called")
		c.Mode = conversation.ChoiceAuto
	}
	d.Req.Choice = c
	return err
}

// checkHosted settles a choice of a tool that the upstream runs. It cannot be
// made to run one, but where there is no other it will.
func (d *decoder) checkHosted() error {
	if d.hosted == "" {
		return nil
	}
	kind := conversation.WebSearch
	if d.hosted == "code_interpreter" {
		kind = conversation.CodeExecution
	} else if !strings.HasPrefix(d.hosted, "web_search") {
		return d.Unsupported("tool_choice", "the upstream has no such tool to choose")
	}
	if len(d.Req.Tools) != 1 || d.Req.Tools[0].Kind != kind {
		return d.Unsupported("tool_choice", "a tool that the upstream runs can be chosen only if it is the only tool")
	}
	d.Warn("tool_choice", "the upstream decides whether it runs its own tools")
	return nil
}
