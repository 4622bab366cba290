package responses

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
	"github.com/heald-proxy/heald/policies/dialect/internal/tool"
)

// tools appends the tools in v to list.
func (d *decoder) tools(v jsontext.Value, list *[]conversation.Tool) error {
	return d.List(v, func(_ int, v jsontext.Value) error {
		return d.Object(v, func(m jsonwalk.Members) error { return d.tool(m, "", list) })
	})
}

// tool reads one tool, which may be in a namespace.
func (d *decoder) tool(m jsonwalk.Members, namespace string, list *[]conversation.Tool) error {
	if len(*list) == conversation.MaxTools {
		return d.Invalid("", "at most %d tools are allowed", conversation.MaxTools)
	}
	if known, err := tool.Google(d.Walker, m, list, func(m jsonwalk.Members) error { return d.tool(m, namespace, list) }); known {
		return err
	}
	f, kind, err := tool.Kind(d.Walker, m, toolTypes, "function")
	if err != nil {
		return err
	}
	switch f.Action {
	case jsonwalk.Drop:
		return nil
	case jsonwalk.Warn:
		if known, err := tool.Hosted(d.Walker, m, list); known {
			return err
		}
		*list = append(*list, setting.Unavailable(d.Walker, kind, m.Get("name"), f.Why))
		return nil
	}
	switch f.Name {
	case "namespace":
		if namespace != "" {
			return d.Invalid("type", "a namespace may not hold a namespace")
		}
		return d.namespace(m, list)
	case "web_search*":
		return d.searchTool(m, list)
	case "code_interpreter":
		*list = append(*list, conversation.Tool{Kind: conversation.CodeExecution, Name: f.Name, At: d.Place("")})
		return m.Apply(codeToolFields)
	case imageGeneration:
		return d.imageTool(m, list)
	}
	s := shape{namespace: namespace, typed: typedToolOf(f.Name)}
	t, ok, err := d.function(m, &s)
	if err != nil || !ok {
		return err
	}
	t.At = d.Place("")
	*list = append(*list, t)
	if _, taken := d.own.calls[t.Name]; !taken && t.Kind == conversation.Function { // the first of several tools with one name is used
		d.own.calls[t.Name] = s
	}
	return nil
}

// function reads a tool that the client runs, of the shape s, whose name it
// fills in.
func (d *decoder) function(m jsonwalk.Members, s *shape) (t conversation.Tool, ok bool, err error) {
	if s.typed != nil {
		s.name = s.typed.tool
		return d.declareTyped(s.typed, m)
	}
	if t, s.freeform, err = tool.Function(d.Walker, m, true); err != nil {
		return t, false, err
	}
	s.name = t.Name
	t.Name = flatten(s.namespace, s.name)
	return t, true, nil
}

// namespace reads the tools in a namespace. Its description is added to the
// first tool.
func (d *decoder) namespace(m jsonwalk.Members, list *[]conversation.Tool) error {
	if err := m.Apply(namespaceFields); err != nil {
		return err
	}
	name, err := m.NeedText("name")
	if err != nil {
		return err
	}
	description, err := m.Text("description")
	if err != nil {
		return err
	}
	v := m.Get("tools")
	if v == nil {
		return nil
	}
	first := len(*list)
	err = d.Within("tools", func() error {
		return d.List(v, func(_ int, v jsontext.Value) error {
			return d.Object(v, func(m jsonwalk.Members) error { return d.tool(m, name.String(), list) })
		})
	})
	if err == nil && !description.Empty() && len(*list) > first {
		t := &(*list)[first]
		about := conversation.Join("", conversation.Quote("About all tools named "+flatten(name.String(), "*")+": "), description)
		if !t.Description.Empty() {
			about = conversation.Join("\n\n", about, t.Description)
		}
		t.Description = about
	}
	return err
}

func (d *decoder) searchTool(m jsonwalk.Members, list *[]conversation.Tool) error {
	if err := m.Apply(searchToolFields); err != nil {
		return err
	}
	t := conversation.Tool{Kind: conversation.WebSearch, Name: string(jsonwalk.Chars(m.Get("type"))), At: d.Place("")}
	blocked := func(m jsonwalk.Members) error {
		v := m.Get("blocked_domains")
		if v == nil {
			return nil
		}
		return d.Within("blocked_domains", func() (err error) {
			t.Blocked, err = setting.Strings(d.Walker, v, setting.MaxDomains, "domains")
			return err
		})
	}
	if err := blocked(m); err != nil {
		return err
	}
	err := m.Object("filters", func(m jsonwalk.Members) error {
		if err := m.Apply(searchFilterFields); err != nil {
			return err
		}
		return blocked(m)
	})
	*list = append(*list, t)
	return err
}
