package claude

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// maxDeferred is how many deferred tools go upstream at once without a
// warning. More of them cost tokens and make the model choose worse.
const maxDeferred = 128

func (d *decoder) tools(v jsontext.Value) error {
	d.req.Tools, d.deferred = nil, 0
	return d.list(v, func(i int, v jsontext.Value) error {
		if i == maxTools {
			return d.invalid("", "at most %d tools are allowed", maxTools)
		}
		return d.tool(v, &d.req.Tools)
	})
}

// tool reads one tool and appends it to tools.
func (d *decoder) tool(v jsontext.Value, tools *[]conversation.Tool) error {
	return d.object(v, func(m members) error {
		kind := []byte("custom")
		if t := m.get("type"); t != nil {
			kind = unquoteIf(t)
		}
		f := toolTypes.find(kind)
		if f == nil {
			return d.invalid("", "Input tag '%s' found using 'type' is not a known tool", shorten(kind))
		}
		switch f.Action {
		case Drop:
			return nil
		case Refuse:
			return d.unsupported("", string(shorten(kind))+" ("+f.Why+")")
		}
		if string(m.get("defer_loading")) == "true" {
			d.deferred++
		}
		t, err := d.readTool(f.Name, string(kind), m)
		*tools = append(*tools, t)
		return err
	})
}

// readTool reads a tool whose type is family with a version, such as
// bash_20250124 of bash_*.
func (d *decoder) readTool(family, version string, m members) (conversation.Tool, error) {
	switch family {
	case "custom":
		return d.function(m)
	case "web_search_*":
		t, err := serverTool(m, webSearchFields, conversation.WebSearch)
		if err != nil {
			return t, err
		}
		t.Blocked, err = d.domains("blocked_domains", m.get("blocked_domains"))
		return t, err
	case "web_fetch_*":
		t, err := serverTool(m, webFetchFields, conversation.WebFetch)
		if err != nil {
			return t, err
		}
		return t, d.warnCitations(m)
	case "code_execution_*":
		return serverTool(m, codeExecutionFields, conversation.CodeExecution)
	default:
		return d.typedTool(version, m)
	}
}

func serverTool(m members, t *Table, kind conversation.ToolKind) (conversation.Tool, error) {
	if err := m.obey(t); err != nil {
		return conversation.Tool{}, err
	}
	name, err := m.text("name")
	return conversation.Tool{Kind: kind, Name: name.String()}, err
}

func (d *decoder) domains(name string, v jsontext.Value) (domains []string, err error) {
	if v == nil {
		return nil, nil
	}
	err = d.within(name, func() error {
		return d.list(v, func(_ int, v jsontext.Value) error {
			s, err := d.text("", v)
			domains = append(domains, s.String())
			return err
		})
	})
	return domains, err
}

// function reads a tool that the client declares in full.
func (d *decoder) function(m members) (conversation.Tool, error) {
	var t conversation.Tool
	if err := m.obey(functionFields); err != nil {
		return t, err
	}
	var err error
	if t.Description, err = m.text("description"); err != nil {
		return t, err
	}
	if schema := m.get("input_schema"); schema != nil {
		if schema.Kind() != '{' {
			return t, d.invalid("input_schema", "Input should be an object")
		}
		t.Schema = conversation.Raw(schema)
	}
	return t, finishTool(m, &t)
}

// finishTool reads what declared and typed tools have in common.
func finishTool(m members, t *conversation.Tool) error {
	name, err := m.needText("name")
	if err != nil {
		return err
	}
	t.Name = name.String()
	if t.Strict, err = m.flag("strict"); err != nil {
		return err
	}
	if examples := m.get("input_examples"); examples != nil && !hollow(examples) {
		t.Description = joinLines(t.Description, conversation.Quote("Examples of inputs:"), rawText(examples))
	}
	return nil
}

// choice reads tool_choice.
func (d *decoder) choice(m members) error {
	kind, err := m.needText("type")
	if err != nil {
		return err
	}
	if err := m.obey(choiceFields); err != nil {
		return err
	}
	d.req.Choice = conversation.Choice{}
	switch kind.String() {
	case "auto":
		d.req.Choice.Mode = conversation.ChoiceAuto
	case "any":
		d.req.Choice.Mode = conversation.ChoiceAny
	case "none":
		d.req.Choice.Mode = conversation.ChoiceNone
	case "tool":
		name, err := m.needText("name")
		if err != nil {
			return err
		}
		d.req.Choice = conversation.Choice{Mode: conversation.ChoiceNamed, Names: []string{name.String()}}
	default:
		return d.invalid("type", "Input should be 'auto', 'any', 'tool' or 'none'")
	}
	d.req.OneCall, err = m.flag("disable_parallel_tool_use")
	return err
}
