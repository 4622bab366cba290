package claude

import (
	"errors"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

func (d *decoder) readResult(m jsonwalk.Members, parts *[]conversation.Part) error {
	id, err := m.NeedText("tool_use_id")
	if err != nil {
		return err
	}
	p := conversation.Part{Kind: conversation.KindResult, Result: &conversation.Result{}}
	p.Result.CallID, _ = d.splitID(id.String())
	if p.Result.Failed, err = m.Flag("is_error"); err != nil {
		return err
	}
	err = d.resultContent("content", m.Get("content"), &p.Result.Parts)
	p.Result.Parts = openai.Flatten(p.Result.Parts)
	*parts = append(*parts, p)
	return err
}

// ResultContent reads the content of a tool's result in a request of another API,
// as resultContent does.
func ResultContent(w *jsonwalk.Walker, ids func(id string) (bare, carrier string), name string, v jsontext.Value, parts *[]conversation.Part) error {
	d := decoder{Walker: w, ids: ids}
	return d.resultContent(name, v, parts)
}

// resultContent reads field name, the output of a tool: text, parts of any API,
// or JSON that should have been text. Clients put whatever a tool returns into
// it, and it stays in the history, so nothing in it may fail the request.
func (d *decoder) resultContent(name string, v jsontext.Value, parts *[]conversation.Part) error {
	before := len(*parts)
	err := d.Within(name, func() error {
		switch k := v.Kind(); {
		case v == nil || k == 'n' || string(v) == `""`:
			return nil
		case k == '"':
			addText(parts, conversation.Text(v))
			return nil
		case k == '{' && readable(v):
			return d.resultPart(v, parts)
		case k != '[' || !holdsParts(v):
			addText(parts, rawText(v))
			return nil
		}
		return d.deeper(func() error {
			return d.List(v, func(_ int, v jsontext.Value) error {
				from := len(*parts)
				defer func() { d.Mark("", (*parts)[from:]) }()
				return d.resultPart(v, parts)
			})
		})
	})
	d.Mark(name, (*parts)[before:])
	return err
}

// holdsParts reports whether a list is empty, or has an element that can be a
// part: a text, or an object with a type.
func holdsParts(list jsontext.Value) bool {
	empty := true
	for _, v := range jsonwalk.Elements(list) {
		empty = false
		switch v.Kind() {
		case '"', 'n':
			return true
		case '{':
			for name, v := range jsonwalk.Fields(v) {
				if string(name) == "type" && v.Kind() == '"' {
					return true
				}
			}
		}
	}
	return empty
}

// resultPart reads an element of a result. An element that cannot be read
// becomes its JSON.
func (d *decoder) resultPart(v jsontext.Value, parts *[]conversation.Part) error {
	switch v.Kind() {
	case 'n':
		return nil
	case '"':
		addText(parts, conversation.Text(v))
		return nil
	case '{':
	default:
		addText(parts, rawText(v))
		return nil
	}
	before, warned := len(*parts), len(d.Req.Warnings)
	err := d.Object(v, func(m jsonwalk.Members) error { return d.part("content part", m, parts) })
	var known *conversation.Error
	switch {
	case err == nil && !slices.ContainsFunc((*parts)[before:], foreignToResults):
		return nil
	case err != nil && (!errors.As(err, &known) || known.Kind != conversation.ErrInvalid && known.Kind != conversation.ErrUnsupported):
		return err
	}
	*parts, d.Req.Warnings = (*parts)[:before], d.Req.Warnings[:warned]
	d.Warn("", "cannot be read as content of a tool's result; its JSON was sent as text")
	addText(parts, rawText(v))
	return nil
}

// foreignToResults reports a part that no result may hold. Results within
// results are flattened later.
func foreignToResults(p conversation.Part) bool {
	return p.Kind != conversation.KindText && p.Kind != conversation.KindMedia && p.Kind != conversation.KindResult
}

// readReference reads what a client's tool search found. The tool itself was
// declared from the start, so only its name is added.
func (d *decoder) readReference(m jsonwalk.Members, parts *[]conversation.Part) error {
	name, err := m.NeedText("tool_name")
	addText(parts, conversation.Join("", conversation.Quote("Tool available: "), name))
	return err
}

// readAddition reads a tool that becomes available in mid-conversation. One
// named by reference is among the request's tools already.
func (d *decoder) readAddition(m jsonwalk.Members, _ *[]conversation.Part) error {
	if m.Get("tool") == nil {
		return d.Invalid("tool", "Field required")
	}
	return m.Object("tool", func(m jsonwalk.Members) error {
		if string(jsonwalk.Chars(m.Get("type"))) == "tool_reference" {
			return nil
		}
		def := m.Get("definition")
		if def == nil {
			return d.Invalid("definition", "Field required")
		}
		if len(d.added) == conversation.MaxTools {
			return d.Invalid("definition", "at most %d tools are allowed", conversation.MaxTools)
		}
		return d.Within("definition", func() error { return d.tool(def, &d.added) })
	})
}
