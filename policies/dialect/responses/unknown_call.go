package responses

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// Calls and outputs of unknown tools must not fail the conversation: calls
// become text, and outputs keep what the model can read.

// unknownCall reads a call.
func (d *decoder) unknownCall(m jsonwalk.Members) error {
	kind, err := m.NeedText("type")
	if err != nil {
		return err
	}
	name, err := m.Text("name")
	if err != nil {
		return err
	}
	var what conversation.Text
	for _, field := range []string{"action", "actions", "arguments", "input"} {
		if v := m.Get(field); v != nil {
			what = conversation.Join("", conversation.Quote(" with "), readable(v))
			break
		}
	}
	if !name.Empty() {
		kind = conversation.Join(" ", kind, name)
	}
	var output conversation.Text
	if v := m.Get("output"); v != nil {
		output = readable(v)
	}
	d.addDigest(conversation.Join("", conversation.Quote("["), kind, what, conversation.Quote("]")), output)
	return nil
}

// readable is v as text: a string as it is, anything else as JSON.
func readable(v jsontext.Value) conversation.Text {
	if v.Kind() == '"' {
		return conversation.Text(v)
	}
	return conversation.Quote(string(v))
}

// unknownOutput reads an output: text, parts, one part alone, or JSON. Output
// with unknown parts becomes JSON too.
func (d *decoder) unknownOutput(m jsonwalk.Members) error {
	parts := []conversation.Part{{Text: conversation.Join("", conversation.Quote("["), conversation.Text(m.Get("type")), conversation.Quote("]"))}}
	var err error
	switch v := m.Get("output"); {
	case v.Kind() == '{' && claude.Readable(v):
		err = m.Object("output", func(m jsonwalk.Members) error { return claude.Part(d.Walker, "content part", bare, m, &parts) })
	case v.Kind() == '[' && !claude.Readable(v):
		parts = openai.AppendText(parts, readable(v))
	default:
		err = d.outputParts(v, &parts)
	}
	d.add(alone, conversation.User, parts...)
	return err
}
