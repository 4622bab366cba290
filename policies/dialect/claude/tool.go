package claude

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
)

// maxDeferred is how many deferred tools go upstream at once without a
// warning. More of them cost tokens and make the model choose worse.
const maxDeferred = 128

func (d *decoder) tools(v jsontext.Value) error {
	d.Req.Tools, d.deferred = nil, 0
	return d.List(v, func(i int, v jsontext.Value) error {
		if i == conversation.MaxTools {
			return d.Invalid("", "at most %d tools are allowed", conversation.MaxTools)
		}
		return d.tool(v, &d.Req.Tools)
	})
}

// tool reads one tool and appends it to tools.
func (d *decoder) tool(v jsontext.Value, tools *[]conversation.Tool) error {
	return d.Object(v, func(m jsonwalk.Members) error {
		kind := []byte("custom")
		if t := m.Get("type"); t != nil {
			kind = jsonwalk.Chars(t)
		}
		f := toolTypes.Find(kind)
		if f == nil {
			return d.Invalid("", "Input tag '%s' found using 'type' is not a known tool", jsonwalk.Shorten(kind))
		}
		switch f.Action {
		case jsonwalk.Drop:
			return nil
		case jsonwalk.Refuse:
			return d.Unsupported("", string(jsonwalk.Shorten(kind))+" ("+f.Why+")")
		}
		if string(m.Get("defer_loading")) == "true" {
			d.deferred++
		}
		t, err := d.readTool(f.Name, string(kind), m)
		t.At = d.Place("")
		*tools = append(*tools, t)
		return err
	})
}

// readTool reads a tool whose type is family with a version, such as
// bash_20250124 of bash_*.
func (d *decoder) readTool(family, version string, m jsonwalk.Members) (conversation.Tool, error) {
	switch family {
	case "custom":
		return d.function(m)
	case "web_search_*":
		t, err := serverTool(m, webSearchFields, conversation.WebSearch)
		if err != nil {
			return t, err
		}
		t.Blocked, err = d.domains("blocked_domains", m.Get("blocked_domains"))
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

func serverTool(m jsonwalk.Members, t *jsonwalk.Table, kind conversation.ToolKind) (conversation.Tool, error) {
	if err := m.Obey(t); err != nil {
		return conversation.Tool{}, err
	}
	name, err := m.Text("name")
	return conversation.Tool{Kind: kind, Name: name.String()}, err
}

func (d *decoder) domains(name string, v jsontext.Value) (domains []string, err error) {
	if v == nil {
		return nil, nil
	}
	err = d.Within(name, func() error {
		domains, err = setting.Strings(&d.Walker, v, setting.MaxDomains, "domains")
		return err
	})
	return domains, err
}

// function reads a tool that the client declares in full.
func (d *decoder) function(m jsonwalk.Members) (conversation.Tool, error) {
	var t conversation.Tool
	if err := m.Obey(functionFields); err != nil {
		return t, err
	}
	var err error
	if t.Description, err = m.Text("description"); err != nil {
		return t, err
	}
	if schema := m.Get("input_schema"); schema != nil {
		if schema.Kind() != '{' {
			return t, d.Invalid("input_schema", "Input should be an object")
		}
		t.Schema = conversation.Raw(schema)
	}
	return t, finishTool(m, &t)
}

// finishTool reads what declared and typed tools have in common.
func finishTool(m jsonwalk.Members, t *conversation.Tool) error {
	name, err := m.NeedText("name")
	if err != nil {
		return err
	}
	t.Name = name.String()
	if t.Strict, err = m.Flag("strict"); err != nil {
		return err
	}
	if examples := m.Get("input_examples"); examples != nil && !jsonwalk.Hollow(examples) {
		t.Description = joinLines(t.Description, conversation.Quote("Examples of inputs:"), rawText(examples))
	}
	return nil
}

// choice reads tool_choice.
func (d *decoder) choice(m jsonwalk.Members) error {
	kind, err := m.NeedText("type")
	if err != nil {
		return err
	}
	if err := m.Obey(choiceFields); err != nil {
		return err
	}
	d.Req.Choice = conversation.Choice{}
	switch kind.String() {
	case "auto":
		d.Req.Choice.Mode = conversation.ChoiceAuto
	case "any":
		d.Req.Choice.Mode = conversation.ChoiceAny
	case "none":
		d.Req.Choice.Mode = conversation.ChoiceNone
	case "tool":
		name, err := m.NeedText("name")
		if err != nil {
			return err
		}
		d.Req.Choice = conversation.Choice{Mode: conversation.ChoiceNamed, Names: []string{name.String()}}
	default:
		return d.Invalid("type", "Input should be 'auto', 'any', 'tool' or 'none'")
	}
	d.Req.OneCall, err = m.Flag("disable_parallel_tool_use")
	return err
}
