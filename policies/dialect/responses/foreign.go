package responses

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// Clients that know several APIs put messages of Chat Completions and blocks
// of Anthropic Messages among the items. The reply is of this API.

// once notes the field that holds the conversation; a second one is an error.
func (d *decoder) once(name string) error {
	if d.input != "" && d.input != name {
		return d.Invalid(name, "the conversation stands in %s too; send one of them", d.input)
	}
	d.input = name
	return nil
}

// bare returns an id unchanged: in this API ids have no carrier.
func bare(id string) (string, string) { return id, "" }

// foreignCalls reads what a message of Chat Completions says beside its
// content.
func (d *decoder) foreignCalls(m jsonwalk.Members) (parts []conversation.Part, err error) {
	refusal, err := m.Text("refusal")
	if err != nil {
		return nil, err
	}
	parts = openai.AppendText(parts, refusal)
	if v := m.Get("tool_calls"); v != nil {
		err = d.Within("tool_calls", func() error { return openai.Calls(d.Walker, v, bare, &parts) })
	}
	if v := m.Get("function_call"); v != nil && err == nil {
		err = d.Within("function_call", func() error {
			p, err := openai.CalledFunction(d.Walker, v)
			parts = append(parts, p)
			return err
		})
	}
	return parts, err
}

// foreignResult adds the result that a message of Chat Completions is.
func (d *decoder) foreignResult(m jsonwalk.Members, content []conversation.Part) error {
	id, err := m.Text("tool_call_id")
	if err != nil {
		return err
	}
	name, err := m.Text("name")
	if err != nil {
		return err
	}
	parts := openai.Results(conversation.Result{CallID: id.String(), Name: name.String()}, content)
	if id.Empty() && name.Empty() && parts[0].Result.CallID == "" {
		err = d.Invalid("tool_call_id", "Field required")
	}
	d.add(results, conversation.User, parts...)
	return err
}

// foreignItem reads a content part or block that stands where an item should.
func (d *decoder) foreignItem(kind string, m jsonwalk.Members) error {
	var parts []conversation.Part
	err := claude.Part(d.Walker, "item", bare, m, &parts)
	if parts = openai.DropEmptyTexts(parts, !ofModel(kind)); err != nil || len(parts) == 0 {
		return err
	}
	switch {
	case parts[0].Kind == conversation.KindResult:
		d.add(results, conversation.User, parts...)
	case ofModel(kind):
		d.add(answer, conversation.Model, parts...)
	default:
		d.add(alone, conversation.User, parts...)
	}
	return nil
}

// ofModel reports whether parts of a type belong to the model.
func ofModel(kind string) bool {
	switch kind {
	case "output_text", "refusal", "thinking", "redacted_thinking":
		return true
	}
	return strings.HasSuffix(kind, "tool_use") || strings.HasSuffix(kind, "_tool_result")
}

// Input reads the input of this API in a request of another, into the messages
// of w.Req. It returns the tools that items declare.
func Input(w *jsonwalk.Walker, v jsontext.Value) ([]conversation.Tool, error) {
	d := &decoder{Walker: w, own: &own{calls: map[string]shape{}}}
	if v.Kind() != '[' {
		return nil, d.plainInput(v)
	}
	var r jsonwalk.Reader
	r.Reset(v)
	err := w.Within("input", func() error { return d.items(&r) })
	return d.added, err
}

// Item reads an item of this API that stands among the messages of another. It
// returns the tools that the item declares.
func Item(w *jsonwalk.Walker, v jsontext.Value) ([]conversation.Tool, error) {
	d := &decoder{Walker: w, own: &own{calls: map[string]shape{}}}
	err := d.item(v)
	return d.added, err
}
