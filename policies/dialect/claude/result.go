package claude

import (
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
	err = d.Within("content", func() error { return d.nested(m.Get("content"), &p.Result.Parts) })
	if err == nil {
		err = openai.OnlyContent(d.Walker, "content", p.Result.Parts)
	}
	*parts = append(*parts, p)
	return err
}

// readReference reads what a client's tool search found. The tool itself was
// sent from the start, so its name is all there is to tell.
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
