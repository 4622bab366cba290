package claude

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// message is one message as the client wrote it.
type message struct {
	role    string
	parts   []conversation.Part // nil without content
	passing bool                // only for the current turn of the user
	foreign foreign             // what it says in the form of another API
	// late is content that can only be read once the role is known; nil if absent.
	late jsontext.Value
}

// isResult reports whether a message is the result of a tool, in another API.
func (msg *message) isResult() bool { return msg.role == "tool" || msg.role == "function" }

// messages reads the conversation straight off r.
func (d *decoder) messages(r *jsonwalk.Reader) error {
	d.Req.Messages = []conversation.Message{}
	d.added, d.passing = nil, nil
	return r.Array(func(i int) error {
		return d.Message(i, func() error { return d.message(r) })
	})
}

// message reads one message. role and content may come in any order.
func (d *decoder) message(r *jsonwalk.Reader) error {
	if r.Kind() != '{' {
		if _, err := r.Value(); err != nil {
			return err
		}
		return d.Invalid("", "Input should be an object")
	}
	var msg message
	err := r.Object(func(name []byte) error {
		if string(name) == "content" {
			msg.parts, msg.late = []conversation.Part{}, nil
			if r.Kind() == '[' && msg.role != "" && !msg.isResult() {
				return d.Within("content", func() error { return d.readBlocks(r, &msg.parts) })
			}
		}
		v, err := r.Value()
		if err != nil {
			return err
		}
		use, err := d.Field(messageFields, name, v)
		if err != nil {
			return err
		}
		if !use {
			v = nil
		}
		return d.messageField(&msg, string(name), v)
	})
	if err != nil {
		return err
	}
	if err := d.settle(&msg); err != nil {
		return err
	}
	if err := d.joinForeign(&msg); err != nil {
		return err
	}
	return d.addMessage(msg.role, msg.parts, msg.passing)
}

// settle reads content that depends on the role.
func (d *decoder) settle(msg *message) error {
	if msg.late == nil {
		return nil
	}
	msg.parts = []conversation.Part{}
	if msg.isResult() {
		return d.resultContent("content", msg.late, &msg.parts)
	}
	return d.Within("content", func() (err error) {
		if msg.late.Kind() == '[' {
			return d.blocks(msg.late, &msg.parts)
		}
		msg.parts, err = d.content(msg.late)
		return err
	})
}

// messageField reads one field; v is nil for one that means nothing.
func (d *decoder) messageField(msg *message, name string, v jsontext.Value) (err error) {
	switch name {
	case "role":
		msg.role, err = d.role(v)
	case "content":
		msg.parts, msg.late = nil, v
	case "output_config":
		err = d.turnConfig(v)
	case "clear_at":
		msg.passing = string(jsonwalk.Chars(v)) == "next_user_message"
	default:
		if v != nil {
			err = d.foreignField(msg, name, v)
		}
	}
	return err
}

// addMessage adds a message; passing marks one for the user's current turn
// only.
func (d *decoder) addMessage(role string, parts []conversation.Part, passing bool) error {
	if role == "" {
		return d.Invalid("role", "Field required")
	}
	if parts == nil {
		return d.Invalid("content", "Field required")
	}
	m := conversation.Message{Parts: parts}
	switch role {
	case "user":
		m.Role = conversation.User
		d.forget()
	case "assistant":
		m.Role = conversation.Model
	case "system":
		m.Role = conversation.System
		if err := d.onlyText(parts); err != nil {
			return err
		}
		if passing && len(parts) > 0 {
			d.passing = append(d.passing, len(d.Req.Messages))
		}
	}
	if len(parts) > 0 { // a message of nothing but tool_additions has no content
		d.Req.Messages = append(d.Req.Messages, m)
	}
	return nil
}

// forget drops the messages that were for the user's last turn only.
func (d *decoder) forget() {
	if len(d.passing) == 0 {
		return
	}
	all := d.Req.Messages
	kept, gone := all[:d.passing[0]], d.passing
	for i := d.passing[0]; i < len(all); i++ {
		if len(gone) > 0 && gone[0] == i {
			gone = gone[1:]
			continue
		}
		kept = append(kept, all[i])
	}
	clear(all[len(kept):])
	d.Req.Messages, d.passing = kept, d.passing[:0]
}

func (d *decoder) role(v jsontext.Value) (string, error) {
	switch role := string(jsonwalk.Chars(v)); role {
	case "user", "assistant", "system", "tool", "function":
		return role, nil
	case "developer":
		return "system", nil
	}
	return "", d.Invalid("role", "Input should be 'user', 'assistant' or 'system'")
}

// content reads content that is not a list of blocks: a string, or nothing.
func (d *decoder) content(v jsontext.Value) ([]conversation.Part, error) {
	if v == nil {
		return nil, nil
	}
	if v.Kind() != '"' {
		return nil, d.Invalid("", "Input should be a valid string or a list of blocks")
	}
	return []conversation.Part{{Kind: conversation.KindText, Text: conversation.Text(v), At: d.Place("")}}, nil
}

// turnConfig reads the output_config that Claude Code puts on system messages.
func (d *decoder) turnConfig(v jsontext.Value) error {
	if v.Kind() != '{' {
		return nil
	}
	return d.Within("output_config", func() error {
		return d.Object(v, func(m jsonwalk.Members) error {
			if err := m.Apply(turnFields); err != nil {
				return err
			}
			if effort := jsonwalk.Chars(m.Get("effort")); effort != nil {
				d.turnEffort = string(effort)
			}
			return nil
		})
	})
}

// billingHeader starts a system block of Claude Code that is addressed to the
// original service. It differs between requests, so passing it on would also
// defeat prompt caching.
var billingHeader = []byte(`"x-anthropic-billing-header:`)

// system reads the leading system text.
func (d *decoder) system(v jsontext.Value) (err error) {
	d.Req.System, err = d.systemParts(v)
	return err
}

func (d *decoder) systemParts(v jsontext.Value) (system []conversation.Part, err error) {
	var parts []conversation.Part
	if err := d.nested(v, &parts); err != nil {
		return nil, err
	}
	if err := d.onlyText(parts); err != nil {
		return nil, err
	}
	for _, p := range parts {
		if v.Kind() == '"' || !bytes.HasPrefix(p.Text, billingHeader) {
			system = append(system, p)
		}
	}
	return system, nil
}

func (d *decoder) onlyText(parts []conversation.Part) error {
	for _, p := range parts {
		if p.Kind != conversation.KindText {
			return d.Invalid("", "system content may only hold text")
		}
	}
	return nil
}
