package responses

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
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
	kind := jsonwalk.Chars(m.Get("type"))
	if kind == nil {
		kind = []byte("function")
	}
	f := toolTypes.Find(kind)
	switch {
	case f == nil:
		d.Warn("", "left out: unknown tool type "+string(jsonwalk.Shorten(kind)))
		return nil
	case f.Action == jsonwalk.Drop:
		return nil
	case f.Action == jsonwalk.Refuse:
		return d.Unsupported("", string(jsonwalk.Shorten(kind))+" ("+f.Why+")")
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
		*list = append(*list, conversation.Tool{Kind: conversation.CodeExecution, At: d.Place("")})
		return m.Obey(codeToolFields)
	}
	s := shape{namespace: namespace, freeform: f.Name == "custom", typed: typedToolOf(f.Name)}
	t, ok, err := d.function(m, &s)
	if err != nil || !ok {
		return err
	}
	t.At = d.Place("")
	*list = append(*list, t)
	if _, taken := d.own.calls[t.Name]; !taken { // of tools with one name the first counts
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
	table := functionFields
	if s.freeform {
		table = customFields
	}
	if err := m.Obey(table); err != nil {
		return t, false, err
	}
	name, err := m.NeedText("name")
	if err != nil {
		return t, false, err
	}
	s.name = name.String()
	t.Name = flatten(s.namespace, s.name)
	if t.Description, err = m.Text("description"); err != nil {
		return t, false, err
	}
	if s.freeform {
		t.Schema = conversation.Raw(openai.FreeformSchema)
		return t, true, m.Object("format", func(m jsonwalk.Members) error { return grammar(m, &t.Description) })
	}
	if schema := m.Get("parameters"); schema != nil {
		if schema.Kind() != '{' {
			return t, false, d.Invalid("parameters", "Input should be an object")
		}
		t.Schema = conversation.Raw(schema)
	}
	t.Strict, err = m.Flag("strict")
	return t, true, err
}

// grammar reads what the input of a freeform tool must look like.
func grammar(m jsonwalk.Members, description *conversation.Text) error {
	if err := m.Obey(customFormatFields); err != nil {
		return err
	}
	if m.Get("definition") == nil {
		return nil // free text
	}
	definition, err := m.Text("definition")
	if err != nil {
		return err
	}
	syntax, err := m.Text("syntax")
	*description = openai.Grammar(*description, syntax, definition)
	return err
}

// namespace reads the tools in a namespace. What it is for is told once, with
// its first tool.
func (d *decoder) namespace(m jsonwalk.Members, list *[]conversation.Tool) error {
	if err := m.Obey(namespaceFields); err != nil {
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
	if err := m.Obey(searchToolFields); err != nil {
		return err
	}
	t := conversation.Tool{Kind: conversation.WebSearch, At: d.Place("")}
	err := m.Object("filters", func(m jsonwalk.Members) error {
		if err := m.Obey(searchFilterFields); err != nil {
			return err
		}
		v := m.Get("blocked_domains")
		if v == nil {
			return nil
		}
		return d.Within("blocked_domains", func() (err error) {
			t.Blocked, err = setting.Strings(&d.Walker, v, setting.MaxDomains, "domains")
			return err
		})
	})
	*list = append(*list, t)
	return err
}
