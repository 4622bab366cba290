package claude

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// Clients that know several APIs send messages of one on the path of another.
// Both directions are supported: messages of Chat Completions here, and blocks
// of this API there.

// foreign is what a message says in fields of Chat Completions.
type foreign struct {
	calls   []conversation.Part
	callID  string
	name    string
	refusal conversation.Text
	images  []conversation.Part
	audio   jsontext.Value // nil if absent
}

// foreignField reads a field of Chat Completions.
func (d *decoder) foreignField(msg *message, name string, v jsontext.Value) error {
	f := &msg.foreign
	switch name {
	case "tool_calls":
		return d.Within(name, func() error { return openai.Calls(d.Walker, v, splitCallID, &f.calls) })
	case "function_call":
		return d.Within(name, func() error {
			p, err := openai.CalledFunction(d.Walker, v)
			f.calls = append(f.calls, p)
			return err
		})
	case "audio":
		f.audio = v
		return nil
	case "images":
		f.images = nil
		return Images(d.Walker, splitCallID, v, &f.images)
	case "tool_call_id", "name", "refusal":
		t, err := d.Text(name, v)
		switch name {
		case "tool_call_id":
			f.callID, _ = splitCallID(t.String())
		case "name":
			f.name = t.String()
		default:
			f.refusal = t
		}
		return err
	}
	return nil
}

// joinForeign converts msg to what it would be in this API: results belong to
// the user, calls follow the model's text.
func (d *decoder) joinForeign(msg *message) error {
	f := &msg.foreign
	if ofModel := msg.role == "assistant"; f.audio != nil && (!ofModel || empty(msg.parts)) {
		if empty(msg.parts) {
			msg.parts = nil
		}
		if err := openai.Audio(d.Walker, f.audio, ofModel, &msg.parts); err != nil {
			return err
		}
	}
	if len(f.images) > 0 {
		if empty(msg.parts) {
			msg.parts = nil
		}
		msg.parts = append(msg.parts, f.images...)
	}
	if msg.isResult() {
		var err error
		parts := openai.Results(conversation.Result{CallID: f.callID, Name: f.name}, msg.parts)
		if f.callID == "" && f.name == "" && parts[0].Result.CallID == "" {
			err = d.Invalid("tool_call_id", "Field required")
		}
		msg.role, msg.parts = "user", parts
		return err
	}
	said := openai.AppendText(nil, f.refusal)
	if said = append(said, f.calls...); len(said) > 0 {
		if msg.role != "assistant" {
			return d.Invalid("role", "only an assistant's message may hold tool calls")
		}
		if empty(msg.parts) {
			msg.parts = nil
		}
		msg.parts = openai.JoinCalls(msg.parts, said)
	}
	return nil
}

// empty reports whether parts have no content; clients send an empty text
// instead of none.
func empty(parts []conversation.Part) bool {
	return len(parts) == 0 || len(parts) == 1 && parts[0].Kind == conversation.KindText && parts[0].Text.Empty()
}

// leadSystem turns leading system messages into system text, except those that
// are dropped when the user speaks again. If there are no other messages, they
// become the user's.
func (d *decoder) leadSystem() {
	lead, end := 0, len(d.Req.Messages)
	if len(d.passing) > 0 {
		end = d.passing[0]
	}
	for lead < end && d.Req.Messages[lead].Role == conversation.System {
		lead++
	}
	if lead == len(d.Req.Messages) {
		for i := range d.Req.Messages {
			d.Req.Messages[i].Role = conversation.User
		}
		return
	}
	for _, m := range d.Req.Messages[:lead] {
		d.Req.System = append(d.Req.System, m.Parts...)
	}
	d.Req.Messages = d.Req.Messages[lead:]
}

// Readable reports whether v is content that Part can read: a part of a type
// that is known, text, or a list of those.
func Readable(v jsontext.Value) bool {
	if v.Kind() != '[' {
		return readable(v)
	}
	for _, v := range jsonwalk.Elements(v) {
		if !readable(v) {
			return false
		}
	}
	return true
}

func readable(v jsontext.Value) bool {
	if v.Kind() == '"' {
		return true
	}
	for name, v := range jsonwalk.Fields(v) {
		if kind := jsonwalk.Chars(v); string(name) == "type" {
			return openai.PartTypes.Find(kind) != nil || blockTypes.Find(kind) != nil
		}
	}
	return false
}

// Part reads a content part of OpenAI's APIs, or a block of this API that
// stands among them. what is the name of such a part in the error for an
// unknown type; ids takes carriers off the ids of calls, as the request's API
// does.
func Part(w *jsonwalk.Walker, what string, ids func(id string) (bare, carrier string), m jsonwalk.Members, parts *[]conversation.Part) error {
	d := decoder{Walker: w, ids: ids}
	return d.part(what, m, parts)
}

// part is Part for a decoder that may be within another part.
func (d *decoder) part(what string, m jsonwalk.Members, parts *[]conversation.Part) error {
	kind := jsonwalk.Chars(m.Get("type"))
	if kind == nil {
		return d.Invalid("type", "Field required")
	}
	signed := string(kind) == "thinking" && m.Get("signature") != nil
	if !signed {
		if known, err := openai.Part(d.Walker, m, parts); known {
			return err
		}
	}
	switch f := blockTypes.Find(kind); {
	case f == nil:
		return m.Unknown(what)
	case f.Name == "tool_addition":
		return d.Unsupported("", f.Name+" (declare the tool in tools)")
	}
	return d.block(m, parts)
}

// System reads the system text of this API in a request of another.
func System(w *jsonwalk.Walker, v jsontext.Value) ([]conversation.Part, error) {
	d := decoder{Walker: w}
	return d.systemParts(v)
}
