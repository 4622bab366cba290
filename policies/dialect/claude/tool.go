package claude

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
	"github.com/heald-proxy/heald/policies/dialect/internal/tool"
)

// maxDeferred is how many deferred tools go upstream at once without a
// warning. More of them cost tokens and make the model choose worse.
const maxDeferred = 128

// tools reads a list of tools into tools.
func (d *decoder) tools(v jsontext.Value, tools *[]conversation.Tool) error {
	*tools = nil
	return d.List(v, func(_ int, v jsontext.Value) error { return d.tool(v, tools) })
}

// tool reads one tool and appends it to tools.
func (d *decoder) tool(v jsontext.Value, tools *[]conversation.Tool) error {
	return d.Object(v, func(m jsonwalk.Members) error { return d.toolOf(m, tools) })
}

func (d *decoder) toolOf(m jsonwalk.Members, tools *[]conversation.Tool) error {
	if len(*tools) == conversation.MaxTools {
		return d.Invalid("", "at most %d tools are allowed", conversation.MaxTools)
	}
	known, err := tool.Google(d.Walker, m, tools, func(m jsonwalk.Members) error { return d.toolOf(m, tools) })
	if known {
		return err
	}
	f, kind, err := tool.Kind(d.Walker, m, toolTypes, "custom")
	if err != nil {
		return err
	}
	switch f.Action {
	case jsonwalk.Drop:
		return nil
	case jsonwalk.Warn:
		if known, err := tool.Hosted(d.Walker, m, tools); known {
			return err
		}
		*tools = append(*tools, setting.Unavailable(d.Walker, kind, m.Get("name"), f.Why))
		return nil
	}
	if string(m.Get("defer_loading")) == "true" {
		d.deferred++
	}
	t, err := d.readTool(f.Name, string(kind), m)
	t.At = d.Place("")
	*tools = append(*tools, t)
	return err
}

// readTool reads a tool whose type is family with a version, such as
// bash_20250124 of bash_*.
func (d *decoder) readTool(family, version string, m jsonwalk.Members) (conversation.Tool, error) {
	switch family {
	case "custom", "function":
		t, _, err := tool.Function(d.Walker, m, false)
		return t, err
	case "web_search_*":
		t, err := serverTool(m, webSearchFields, conversation.WebSearch)
		if err != nil {
			return t, err
		}
		t.Blocked, err = d.domains("blocked_domains", m.Get("blocked_domains"))
		return t, err
	case "web_fetch_*":
		return serverTool(m, webFetchFields, conversation.WebFetch)
	case "code_execution_*":
		return serverTool(m, codeExecutionFields, conversation.CodeExecution)
	default:
		return d.typedTool(version, m)
	}
}

func serverTool(m jsonwalk.Members, t *jsonwalk.Table, kind conversation.ToolKind) (conversation.Tool, error) {
	if err := m.Apply(t); err != nil {
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
		domains, err = setting.Strings(d.Walker, v, setting.MaxDomains, "domains")
		return err
	})
	return domains, err
}

// choice reads tool_choice.
func (d *decoder) choice(v jsontext.Value) error {
	return d.toolChoice.Read(d.Walker, v, tool.Named)
}
