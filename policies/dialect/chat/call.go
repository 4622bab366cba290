package chat

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// calls reads tool_calls.
func (d *decoder) calls(v jsontext.Value, parts *[]conversation.Part) error {
	return d.List(v, func(_ int, v jsontext.Value) error {
		return d.Object(v, func(m jsonwalk.Members) error {
			p, err := d.call(m)
			p.At = d.Place("")
			*parts = append(*parts, p)
			return err
		})
	})
}

func (d *decoder) call(m jsonwalk.Members) (p conversation.Part, err error) {
	if err := m.Obey(callFields); err != nil {
		return p, err
	}
	switch {
	case m.Get("function") != nil:
		err = d.Within("function", func() error {
			called, err := d.calledFunction(m.Get("function"))
			if err == nil {
				p = *called
			}
			return err
		})
	case m.Get("custom") != nil:
		err = m.Object("custom", func(m jsonwalk.Members) error {
			p, err = d.calledCustom(m)
			return err
		})
	default:
		err = d.Invalid("function", "Field required")
	}
	if err != nil {
		return p, err
	}
	id, err := m.Text("id")
	if err != nil {
		return p, err
	}
	p.Call.ID, p.Carrier = splitCallID(id.String())
	if extra := m.Get("extra_content"); extra != nil {
		carrier, err := d.extraContent("extra_content", extra)
		if err != nil {
			return p, err
		}
		if carrier != "" {
			p.Carrier = carrier // not shortened, as ids may be
		}
	}
	return p, nil
}

// calledFunction reads name and arguments of a called function.
func (d *decoder) calledFunction(v jsontext.Value) (*conversation.Part, error) {
	p := &conversation.Part{Kind: conversation.KindCall, Call: &conversation.Call{}}
	err := d.Object(v, func(m jsonwalk.Members) error {
		if err := m.Obey(calledFunctionFields); err != nil {
			return err
		}
		name, err := m.NeedText("name")
		p.Call.Name = name.String()
		p.Call.Args = openai.Arguments(m.Get("arguments"))
		return err
	})
	return p, err
}

// calledCustom reads a call of a freeform tool.
func (d *decoder) calledCustom(m jsonwalk.Members) (conversation.Part, error) {
	p := conversation.Part{Kind: conversation.KindCall, Call: &conversation.Call{}}
	if err := m.Obey(calledCustomFields); err != nil {
		return p, err
	}
	name, err := m.NeedText("name")
	if err != nil {
		return p, err
	}
	input, err := m.Text("input")
	p.Call.Name, p.Call.Args = name.String(), openai.FreeformArgs(input)
	return p, err
}
