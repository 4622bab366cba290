package claude

import (
	"github.com/heald-proxy/heald/policies/conversation"
)

func readResult(m members, parts *[]conversation.Part) error {
	d := m.d
	id, err := m.needText("tool_use_id")
	if err != nil {
		return err
	}
	p := conversation.Part{Kind: conversation.KindResult}
	p.Result.CallID, _ = splitCallID(id.String())
	if p.Result.Failed, err = m.flag("is_error"); err != nil {
		return err
	}
	err = d.within("content", func() error {
		if err := d.nested(m.get("content"), &p.Result.Parts); err != nil {
			return err
		}
		for _, inner := range p.Result.Parts {
			if inner.Kind != conversation.KindText && inner.Kind != conversation.KindMedia {
				return d.invalid("", "a tool result may only hold text, images, documents and search results")
			}
		}
		return nil
	})
	*parts = append(*parts, p)
	return err
}

// readReference reads what a client's tool search found. The tool itself was
// sent from the start, so its name is all there is to tell.
func readReference(m members, parts *[]conversation.Part) error {
	name, err := m.needText("tool_name")
	addText(parts, conversation.Join("", conversation.Quote("Tool available: "), name))
	return err
}

// readAddition reads a tool that becomes available in mid-conversation. One
// named by reference is among the request's tools already.
func readAddition(m members, _ *[]conversation.Part) error {
	d := m.d
	v := m.get("tool")
	if v == nil {
		return d.invalid("tool", "Field required")
	}
	return d.within("tool", func() error {
		return d.object(v, func(m members) error {
			if string(unquoteIf(m.get("type"))) == "tool_reference" {
				return nil
			}
			def := m.get("definition")
			if def == nil {
				return d.invalid("definition", "Field required")
			}
			if len(d.added) == maxTools {
				return d.invalid("definition", "at most %d tools are allowed", maxTools)
			}
			return d.within("definition", func() error { return d.tool(def, &d.added) })
		})
	})
}
