package responses

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// message reads a message item. One that says nothing is left out.
func (d *decoder) message(m jsonwalk.Members) error {
	role := string(jsonwalk.Chars(m.Get("role")))
	parts, err := d.messageParts(role, m)
	if err != nil {
		return err
	}
	parts = openai.DropEmptyTexts(parts, role == "user" && d.stray == "")
	calls, err := d.foreignCalls(m)
	if err != nil {
		return err
	}
	if len(calls) > 0 && role != "assistant" {
		return d.Invalid("role", "only an assistant's message may hold tool calls")
	}
	if len(parts)+len(calls) == 0 && d.stray != "" {
		return d.Invalid(d.stray, "not a known field of a message, and the message says nothing without it; send it as content")
	}
	switch role {
	case "user":
		d.add(alone, conversation.User, parts...)
	case "assistant":
		d.add(answer, conversation.Model, openai.JoinCalls(parts, calls)...)
	case "tool", "function":
		return d.foreignResult(m, parts)
	case "system", "developer":
		for _, p := range parts {
			if p.Kind != conversation.KindText {
				return d.Invalid("content", "system content may only hold text")
			}
		}
		d.add(alone, conversation.System, parts...)
	default:
		return d.Invalid("role", "Input should be 'user', 'assistant', 'system' or 'developer'")
	}
	return nil
}

// messageParts reads the content of a message, and media that stand beside it.
func (d *decoder) messageParts(role string, m jsonwalk.Members) (parts []conversation.Part, err error) {
	content := m.Get("content")
	if role == "tool" || role == "function" {
		err = claude.ResultContent(d.Walker, bare, "content", content, &parts)
	} else {
		err = d.content("content", content, &parts)
	}
	ofModel := role == "assistant"
	if v := m.Get("audio"); v != nil && err == nil && (!ofModel || len(openai.DropEmptyTexts(parts, false)) == 0) {
		err = openai.Audio(d.Walker, v, ofModel, &parts)
	}
	if v := m.Get("images"); v != nil && err == nil {
		err = claude.Images(d.Walker, bare, v, &parts)
	}
	return parts, err
}

// content reads field name: text or content parts.
func (d *decoder) content(name string, v jsontext.Value, parts *[]conversation.Part) error {
	switch {
	case v == nil:
		return nil
	case v.Kind() == '"':
		*parts = openai.AppendContent(*parts, conversation.Text(v))
		d.Mark(name, *parts)
		return nil
	}
	return d.Within(name, func() error {
		return d.List(v, func(_ int, v jsontext.Value) error {
			before := len(*parts)
			defer func() { d.Mark("", (*parts)[before:]) }()
			switch v.Kind() {
			case '"':
				*parts = openai.AppendContent(*parts, conversation.Text(v))
				return nil
			case 'n':
				return nil
			}
			return d.Object(v, func(m jsonwalk.Members) error { return claude.Part(d.Walker, "content part", bare, m, parts) })
		})
	})
}

// thought reads a reasoning item. Without a carrier the upstream would not
// take it back.
func (d *decoder) thought(m jsonwalk.Members) error {
	carrier, err := m.Text("encrypted_content")
	if err != nil || carrier.Empty() {
		return err
	}
	var texts []conversation.Text
	if v := m.Get("summary"); v != nil {
		err = d.Within("summary", func() error {
			return d.List(v, func(_ int, v jsontext.Value) error {
				return d.Object(v, func(m jsonwalk.Members) error {
					if err := m.Apply(summaryFields); err != nil {
						return err
					}
					text, err := m.NeedText("text")
					texts = append(texts, text)
					return err
				})
			})
		})
	}
	p := conversation.Part{Kind: conversation.KindThought, Carrier: carrier.String()}
	switch len(texts) {
	case 0:
	case 1:
		p.Text = texts[0]
	default:
		p.Text = conversation.Join("\n\n", texts...)
	}
	d.add(answer, conversation.Model, p)
	return err
}
