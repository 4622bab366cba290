package openai

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Calls reads tool_calls of Chat Completions. split takes the carrier off an
// id, in the way of the API on whose path the request came.
func Calls(w *jsonwalk.Walker, v jsontext.Value, split func(id string) (bare, carrier string), parts *[]conversation.Part) error {
	return w.List(v, func(_ int, v jsontext.Value) error {
		return w.Object(v, func(m jsonwalk.Members) error {
			p, err := call(w, m, split)
			p.At = w.Place("")
			*parts = append(*parts, p)
			return err
		})
	})
}

func call(w *jsonwalk.Walker, m jsonwalk.Members, split func(id string) (bare, carrier string)) (p conversation.Part, err error) {
	if err := m.Apply(callFields); err != nil {
		return p, err
	}
	switch {
	case m.Get("function") != nil:
		err = w.Within("function", func() error {
			p, err = CalledFunction(w, m.Get("function"))
			return err
		})
	case m.Get("custom") != nil:
		err = m.Object("custom", func(m jsonwalk.Members) error {
			p, err = calledCustom(m)
			return err
		})
	case m.Get("name") != nil:
		p, err = named(m, Arguments(m.Get("arguments")))
	default:
		err = w.Invalid("function", "Field required")
	}
	if err != nil {
		return p, err
	}
	id, err := m.Text("id")
	if err != nil {
		return p, err
	}
	p.Call.ID, p.Carrier = split(id.String())
	if extra := m.Get("extra_content"); extra != nil {
		carrier, err := ExtraContent(w, "extra_content", extra)
		if err != nil {
			return p, err
		}
		if carrier != "" {
			p.Carrier = carrier // not shortened, as an id may be
		}
	}
	return p, nil
}

// CalledFunction reads name and arguments of a called function.
func CalledFunction(w *jsonwalk.Walker, v jsontext.Value) (p conversation.Part, err error) {
	err = w.Object(v, func(m jsonwalk.Members) error {
		if err := m.Apply(calledFunctionFields); err != nil {
			return err
		}
		p, err = named(m, Arguments(m.Get("arguments")))
		return err
	})
	return p, err
}

// calledCustom reads a call of a freeform tool.
func calledCustom(m jsonwalk.Members) (p conversation.Part, err error) {
	if err := m.Apply(calledCustomFields); err != nil {
		return p, err
	}
	input, err := m.Text("input")
	if err != nil {
		return p, err
	}
	return named(m, FreeformArgs(input))
}

// named is a call of the tool that m names.
func named(m jsonwalk.Members, args conversation.Raw) (conversation.Part, error) {
	name, err := m.NeedText("name")
	return conversation.Part{Kind: conversation.KindCall, Call: &conversation.Call{Name: name.String(), Args: args}}, err
}

// ExtraContent returns the carrier in an extra_content field of that name.
func ExtraContent(w *jsonwalk.Walker, name string, v jsontext.Value) (carrier string, err error) {
	err = w.Within(name, func() error {
		return w.Object(v, func(m jsonwalk.Members) error {
			if err := m.Apply(ExtraContentFields); err != nil {
				return err
			}
			return m.Object("google", func(m jsonwalk.Members) error {
				if err := m.Apply(signatureFields); err != nil {
					return err
				}
				signature, err := m.Text("thought_signature")
				carrier = signature.String()
				return err
			})
		})
	})
	return carrier, err
}

// JoinCalls appends calls to parts, except those that are there already: some
// clients send a call in the form of two APIs at once.
func JoinCalls(parts, calls []conversation.Part) []conversation.Part {
	said := map[string]bool{}
	for _, p := range parts {
		if p.Kind == conversation.KindCall && p.Call.ID != "" {
			said[p.Call.ID] = true
		}
	}
	for _, p := range calls {
		if p.Kind != conversation.KindCall || !said[p.Call.ID] {
			parts = append(parts, p)
		}
	}
	return parts
}
