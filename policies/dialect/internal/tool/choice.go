package tool

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// modes are the names of choice modes. "any" and "required" are two APIs' names
// of the same.
var modes = map[string]conversation.ChoiceMode{
	"auto": conversation.ChoiceAuto, "none": conversation.ChoiceNone,
	"required": conversation.ChoiceAny, "any": conversation.ChoiceAny,
}

// Namer returns the tool that m names, "" for one that has only its type, as
// tools have that the client does not run.
type Namer func(w *jsonwalk.Walker, m jsonwalk.Members) (string, error)

// Choice is what a tool choice says of tools by their type. The tools are known
// once all fields of the request have been read.
type Choice struct {
	// Chosen is the type of the tool that must be called, "" for none.
	Chosen  string
	allowed []string // types of tools that may be called
}

// Read reads v, a tool choice, into c and the request of w.
func (c *Choice) Read(w *jsonwalk.Walker, v jsontext.Value, named Namer) error {
	*c, w.Req.Choice = Choice{}, conversation.Choice{}
	if v.Kind() == '"' {
		mode, ok := modes[string(jsonwalk.Unquote(v))]
		if !ok {
			return w.Invalid("", "Input should be 'none', 'auto', 'required' or an object that names a tool")
		}
		w.Req.Choice.Mode = mode
		return nil
	}
	return w.Object(v, func(m jsonwalk.Members) error {
		if err := m.Apply(ChoiceFields); err != nil {
			return err
		}
		one, err := m.Flag("disable_parallel_tool_use")
		if err != nil {
			return err
		}
		w.Req.OneCall = w.Req.OneCall || one
		return c.object(w, m, named)
	})
}

func (c *Choice) object(w *jsonwalk.Walker, m jsonwalk.Members, named Namer) error {
	kind, err := m.Text("type")
	if err != nil {
		return err
	}
	mode, ok := modes[kind.String()]
	switch {
	case m.Get("allowed_tools") != nil:
		return m.Object("allowed_tools", func(m jsonwalk.Members) error {
			if err := m.Apply(allowedFields); err != nil {
				return err
			}
			return c.allow(w, m, named)
		})
	case kind.String() == "allowed_tools":
		return c.allow(w, m, named)
	case ok:
		w.Req.Choice.Mode = mode
		return nil
	}
	name, err := named(w, m)
	if err != nil {
		return err
	}
	if name == "" {
		c.Chosen = kind.String()
		return nil
	}
	w.Req.Choice = conversation.Choice{Mode: conversation.ChoiceNamed, Names: []string{name}}
	return nil
}

const kindsOfChoice = "Input should be 'auto', 'any', 'required', 'none', 'tool', 'function', 'custom', 'allowed_tools' or the type of a tool that is offered"

// Named returns the tool that m names: in function, in custom, or directly; ""
// where it says a type alone.
func Named(w *jsonwalk.Walker, m jsonwalk.Members) (name string, err error) {
	read := func(m jsonwalk.Members) error {
		text, err := m.NeedText("name")
		if name = text.String(); err == nil && name == "" {
			err = w.Invalid("name", "String should have at least 1 character")
		}
		return err
	}
	switch {
	case m.Get("function") != nil:
		err = m.Object("function", read)
	case m.Get("custom") != nil:
		err = m.Object("custom", read)
	default:
		switch string(jsonwalk.Chars(m.Get("type"))) {
		case "", "tool", "function", "custom":
			err = read(m)
		default:
			if m.Get("name") != nil {
				err = w.Invalid("type", kindsOfChoice)
			}
		}
	}
	return name, err
}

// allow reads the tools that may be called.
func (c *Choice) allow(w *jsonwalk.Walker, m jsonwalk.Members, named Namer) error {
	choice := conversation.Choice{Mode: conversation.ChoiceAllow}
	switch string(jsonwalk.Chars(m.Get("mode"))) {
	case "auto":
	case "required":
		choice.Mode = conversation.ChoiceNamed
	default:
		return w.Invalid("mode", "Input should be 'auto' or 'required'")
	}
	v := m.Get("tools")
	if v == nil {
		return w.Invalid("tools", "Field required")
	}
	err := w.Within("tools", func() error {
		return w.List(v, func(i int, v jsontext.Value) error {
			if i == conversation.MaxTools {
				return w.Invalid("", "at most %d tools are allowed", conversation.MaxTools)
			}
			return w.Object(v, func(m jsonwalk.Members) error {
				name, err := named(w, m)
				if name == "" {
					c.allowed = append(c.allowed, string(jsonwalk.Chars(m.Get("type"))))
				} else {
					choice.Names = append(choice.Names, name)
				}
				return err
			})
		})
	})
	w.Req.Choice = choice
	return err
}

// Settle adds the tools that were named by type, a row of types, to the
// request's choice, under the names by which they are offered. Tools that are
// not offered are dropped from a list.
func (c *Choice) Settle(w *jsonwalk.Walker, types *jsonwalk.Table) error {
	choice := &w.Req.Choice
	offered := offers(w.Req.Tools, types)
	if c.Chosen != "" {
		name := offered(c.Chosen)
		if name == "" {
			return w.Invalid("tool_choice.type", kindsOfChoice)
		}
		*choice = conversation.Choice{Mode: conversation.ChoiceNamed, Names: []string{name}}
		return nil
	}
	for _, kind := range c.allowed {
		if name := offered(kind); name != "" {
			choice.Names = append(choice.Names, name)
		}
	}
	switch {
	case len(choice.Names) > 0 || choice.Mode != conversation.ChoiceAllow && choice.Mode != conversation.ChoiceNamed:
	case choice.Mode == conversation.ChoiceNamed:
		return w.Unsupported("tool_choice", "names no tool that is offered")
	default:
		w.Warn("tool_choice", "names no tool that is offered, so none may be called")
		choice.Mode = conversation.ChoiceNone
	}
	return nil
}

// offers returns a function that finds the name of a tool of some type, or of
// another version of it, among those that the client does not run; "" if there
// is none.
func offers(tools []conversation.Tool, types *jsonwalk.Table) func(kind string) string {
	names, families := map[string]bool{}, map[string]string{}
	for _, t := range tools {
		if t.Kind == conversation.Function {
			continue
		}
		names[t.Name] = true
		if of := family(types, t.Name); families[of] == "" {
			families[of] = t.Name
		}
	}
	return func(kind string) string {
		if names[kind] {
			return kind
		}
		if of := family(types, kind); of != "*" {
			return families[of]
		}
		return ""
	}
}

// family is the type that kind is a version or another name of, "*" for one
// without versions.
func family(types *jsonwalk.Table, kind string) string {
	if IsGoogleTool([]byte(kind)) {
		return googleField(kind)
	}
	if f := hostedTypes.Find([]byte(kind)); f != nil {
		return f.Name
	}
	return types.Find([]byte(kind)).Name
}
