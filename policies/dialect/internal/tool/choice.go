package tool

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// modes are the words for how free the model is. "any" and "required" are two
// APIs' words for the same.
var modes = map[string]conversation.ChoiceMode{
	"auto": conversation.ChoiceAuto, "none": conversation.ChoiceNone,
	"required": conversation.ChoiceAny, "any": conversation.ChoiceAny,
}

// Namer returns the tool that m names, "" for one that the upstream runs.
type Namer func(w *jsonwalk.Walker, m jsonwalk.Members) (string, error)

// Choice reads v, a tool choice, into the request of w. hosted is the type of
// a tool that the upstream runs, "" if none is chosen.
func Choice(w *jsonwalk.Walker, v jsontext.Value, named Namer) (hosted string, err error) {
	w.Req.Choice = conversation.Choice{}
	if v.Kind() == '"' {
		mode, ok := modes[string(jsonwalk.Unquote(v))]
		if !ok {
			return "", w.Invalid("", "Input should be 'none', 'auto', 'required' or an object that names a tool")
		}
		w.Req.Choice.Mode = mode
		return "", nil
	}
	err = w.Object(v, func(m jsonwalk.Members) error {
		if err := m.Obey(ChoiceFields); err != nil {
			return err
		}
		one, err := m.Flag("disable_parallel_tool_use")
		if err != nil {
			return err
		}
		w.Req.OneCall = w.Req.OneCall || one
		hosted, err = choiceOf(w, m, named)
		return err
	})
	return hosted, err
}

func choiceOf(w *jsonwalk.Walker, m jsonwalk.Members, named Namer) (hosted string, err error) {
	kind, err := m.Text("type")
	if err != nil {
		return "", err
	}
	mode, ok := modes[kind.String()]
	switch {
	case m.Get("allowed_tools") != nil:
		return "", m.Object("allowed_tools", func(m jsonwalk.Members) error {
			if err := m.Obey(allowedFields); err != nil {
				return err
			}
			return allowed(w, m, named)
		})
	case kind.String() == "allowed_tools":
		return "", allowed(w, m, named)
	case ok:
		w.Req.Choice.Mode = mode
		return "", nil
	}
	name, err := named(w, m)
	if err != nil {
		return "", err
	}
	if name == "" {
		return kind.String(), nil
	}
	w.Req.Choice = conversation.Choice{Mode: conversation.ChoiceNamed, Names: []string{name}}
	return "", nil
}

// Named returns the tool that m names: in function, in custom, or directly.
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
			err = w.Invalid("type", "Input should be 'auto', 'any', 'required', 'none', 'tool', 'function', 'custom' or 'allowed_tools'")
		}
	}
	return name, err
}

// allowed reads the tools that may be called.
func allowed(w *jsonwalk.Walker, m jsonwalk.Members, named Namer) error {
	c := conversation.Choice{Mode: conversation.ChoiceAllow}
	switch string(jsonwalk.Chars(m.Get("mode"))) {
	case "auto":
	case "required":
		c.Mode = conversation.ChoiceNamed
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
				if name != "" {
					c.Names = append(c.Names, name)
				}
				return err
			})
		})
	})
	if len(c.Names) == 0 {
		w.Warn("tools", "names no function, so every tool may be called")
		c.Mode = conversation.ChoiceAuto
	}
	w.Req.Choice = c
	return err
}
