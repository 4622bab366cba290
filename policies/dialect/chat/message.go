package chat

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// message is one message as the client wrote it. Its fields come in any order,
// so what they mean together is settled at its end.
type message struct {
	role       string
	kind       string // the type of an item of Responses
	content    []conversation.Part
	refusal    conversation.Text
	calls      []conversation.Part
	legacyCall *conversation.Part
	stray      string // an unknown field that may hold content
	callID     string
	name       string
	images     []conversation.Part
	reasoning  conversation.Text
	carrier    string
	// Read only once the role is known; nil if absent.
	late  jsontext.Value // content
	audio jsontext.Value
}

// readMessages reads the conversation from r.
func (d *decoder) readMessages(r *jsonwalk.Reader) error {
	d.Req.Messages, d.messages = nil, true
	count := 0
	err := r.Array(func(i int) error {
		count++
		return d.Message(i, func() error { return d.readMessage(r) })
	})
	if err == nil && count == 0 {
		return d.Invalid("", "List should have at least 1 item")
	}
	return err
}

func (d *decoder) readMessage(r *jsonwalk.Reader) error {
	if r.Kind() != '{' {
		if _, err := r.Value(); err != nil {
			return err
		}
		return d.Invalid("", "Input should be an object")
	}
	var msg message
	start, warned := r.Offset(), len(d.Req.Warnings)
	err := r.Object(func(name []byte) error {
		if string(name) == "content" && r.Kind() == '[' && msg.role != "" && !msg.isResult() {
			msg.content, msg.late = nil, nil
			return d.Within("content", func() error { return d.readParts(r, &msg.content) })
		}
		v, err := r.Value()
		if err != nil {
			return err
		}
		if jsonwalk.Lost(messageFields, name, v) {
			msg.stray = string(name)
		}
		use, err := d.Field(messageFields, name, v)
		if err != nil || !use {
			return err
		}
		return d.messageField(&msg, string(name), v)
	})
	if err != nil {
		return err
	}
	if msg.role == "" && msg.kind != "" {
		d.Req.Warnings = d.Req.Warnings[:warned]
		return d.item(r.Since(start))
	}
	if err := d.settle(&msg); err != nil {
		return err
	}
	return d.addMessage(&msg)
}

// isResult reports whether a message is the result of a tool.
func (msg *message) isResult() bool { return msg.role == "tool" || msg.role == "function" }

// settle reads the fields whose meaning depends on the role.
func (d *decoder) settle(msg *message) (err error) {
	switch v := msg.late; {
	case v == nil:
	case msg.isResult():
		err = claude.ResultContent(d.Walker, splitCallID, "content", v, &msg.content)
	case v.Kind() == '[':
		err = d.Within("content", func() error {
			return d.List(v, func(_ int, v jsontext.Value) error { return d.part(v, &msg.content) })
		})
	default:
		var t conversation.Text
		t, err = d.Text("content", v)
		msg.content = openai.AppendContent(nil, t)
		d.Mark("content", msg.content)
	}
	if msg.audio == nil || err != nil {
		return err
	}
	if msg.role != "assistant" || len(msg.content) == 0 {
		err = openai.Audio(d.Walker, msg.audio, msg.role == "assistant", &msg.content)
	}
	return err
}

func (d *decoder) messageField(msg *message, name string, v jsontext.Value) (err error) {
	switch name {
	case "role", "type", "name", "tool_call_id", "refusal", "reasoning_content":
		t, err := d.Text(name, v)
		switch name {
		case "role":
			msg.role = t.String()
		case "type":
			msg.kind = t.String()
		case "name":
			msg.name = t.String()
		case "tool_call_id":
			msg.callID, _ = splitCallID(t.String())
		case "refusal":
			msg.refusal = t
		case "reasoning_content":
			msg.reasoning = t
		}
		return err
	case "tool_calls":
		msg.calls = nil
		return d.Within(name, func() error { return openai.Calls(d.Walker, v, splitCallID, &msg.calls) })
	case "function_call":
		return d.Within(name, func() error {
			call, err := openai.CalledFunction(d.Walker, v)
			msg.legacyCall = &call
			return err
		})
	case "content":
		msg.content, msg.late = nil, v
		return nil
	case "audio":
		msg.audio = v
		return nil
	case "images":
		msg.images = nil
		return claude.Images(d.Walker, splitCallID, v, &msg.images)
	default: // extra_content
		msg.carrier, err = openai.ExtraContent(d.Walker, name, v)
		return err
	}
}

// addMessage adds msg to the conversation. An empty message is dropped: many
// clients send content: null.
func (d *decoder) addMessage(msg *message) error {
	if msg.role != "assistant" {
		msg.content = append(msg.content, msg.images...)
	}
	msg.content = openai.DropEmptyTexts(msg.content, msg.role == "user" && msg.stray == "")
	m := conversation.Message{Role: conversation.User, Parts: msg.content}
	switch msg.role {
	case "":
		return d.Invalid("role", "Field required")
	case "user":
	case "system", "developer":
		m.Role = conversation.System
		for _, p := range msg.content {
			if p.Kind != conversation.KindText {
				return d.Invalid("content", "system content may only hold text")
			}
		}
	case "assistant":
		m.Role, m.Parts = conversation.Model, assistantParts(msg)
	case "tool", "function":
		m.Parts = openai.Results(conversation.Result{CallID: msg.callID, Name: msg.name}, msg.content)
	default:
		return d.Invalid("role", "Input should be 'system', 'developer', 'user', 'assistant', 'tool' or 'function'")
	}
	if msg.role != "assistant" && (len(msg.calls) > 0 || msg.legacyCall != nil) {
		return d.Invalid("role", "only an assistant's message may hold tool calls")
	}
	d.Mark("", m.Parts)
	if len(m.Parts) == 0 && msg.stray != "" {
		return d.Invalid(msg.stray, "not a known field of a message, and the message says nothing without it; send it as content")
	}
	if len(m.Parts) > 0 {
		d.Req.Messages = append(d.Req.Messages, m)
	}
	return nil
}

// assistantParts puts the parts of an answer into the order in which the model
// gives them: thought, text, images, calls.
//
// The message's own carrier may seal its thought, its text or, where older
// clients have a single function_call, the call. Only verification shows which
// of them it is, so each of them gets it, and at most one matches.
func assistantParts(msg *message) []conversation.Part {
	var parts []conversation.Part
	if msg.carrier != "" && !msg.reasoning.Empty() {
		parts = append(parts, conversation.Part{Kind: conversation.KindThought, Text: msg.reasoning, Carrier: msg.carrier})
	}
	parts = append(parts, msg.content...)
	parts = openai.AppendText(parts, msg.refusal)
	if n := len(parts); n > 0 && parts[n-1].Kind == conversation.KindText {
		parts[n-1].Carrier = msg.carrier
	}
	parts = append(parts, msg.images...)
	calls := msg.calls
	if msg.legacyCall != nil {
		calls = append(calls, *msg.legacyCall)
	}
	if len(calls) > 0 && calls[0].Carrier == "" {
		calls[0].Carrier = msg.carrier
	}
	return openai.JoinCalls(parts, calls)
}

// leadSystem takes the leading system messages as the request's system text,
// after that in fields of other APIs. If there are no other messages they become
// the user's.
func (d *decoder) leadSystem() {
	lead := 0
	for lead < len(d.Req.Messages) && d.Req.Messages[lead].Role == conversation.System {
		d.Req.System = append(d.Req.System, d.Req.Messages[lead].Parts...)
		lead++
	}
	d.Req.Messages = d.Req.Messages[lead:]
	if len(d.Req.Messages) == 0 && lead > 0 {
		d.Req.Messages = []conversation.Message{{Role: conversation.User, Parts: d.Req.System}}
		d.Req.System = nil
	}
	d.Req.System = append(d.system, d.Req.System...)
}
