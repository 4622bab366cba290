package responses

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/callid"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// call is a call that is being written.
type call struct {
	shape shape
	id    string
}

func (m *machine) onCallStart(dst []byte, ev conversation.Event) []byte {
	dst = m.closeItem(dst)
	if m.req.OneCall && m.calls > 0 {
		return dst
	}
	dst = m.carry(dst, ev.Carrier)
	m.calls++
	m.answer = true
	s, ok := m.own.calls[ev.Name]
	if !ok {
		s.name = ev.Name
	}
	m.call = call{shape: s, id: m.ids.Call(ev.CallID)}
	switch {
	case s.typed != nil:
		m.open(inHeld, s.typed.prefix)
		return dst
	case s.freeform:
		m.open(inHeld, "ctc_")
		return dst
	}
	m.open(inCall, "fc_")
	return m.added(dst, m.callItem("in_progress", []byte(`""`)))
}

func (m *machine) onCallArgs(dst []byte, piece conversation.Raw) []byte {
	if m.state != inCall && m.state != inHeld || len(piece) == 0 {
		return dst
	}
	m.text = append(m.text, piece...)
	if m.state == inHeld {
		return dst
	}
	m.scratch = jsonwalk.AppendString(m.scratch[:0], piece)
	return m.sink.delta(dst, "response.function_call_arguments.delta", m.at(""), m.scratch, nil)
}

func (m *machine) onCallEnd(dst []byte) []byte {
	if m.state != inCall && m.state != inHeld {
		return dst
	}
	return m.closeCall(dst)
}

// callItem is a function_call or custom_tool_call with its arguments or input,
// a JSON string.
func (m *machine) callItem(status string, args []byte) []byte {
	kind, member := `,"type":"function_call","status":"`, `,"arguments":`
	if m.call.shape.freeform {
		kind, member = `,"type":"custom_tool_call","status":"`, `,"input":`
	}
	b := jsonwalk.AppendString([]byte(`{"id":`), m.item)
	b = append(append(append(b, kind...), status...), '"')
	b = append(append(b, member...), args...)
	b = jsonwalk.AppendString(append(b, `,"call_id":`...), m.call.id)
	b = jsonwalk.AppendString(append(b, `,"name":`...), m.call.shape.name)
	if m.call.shape.namespace != "" {
		b = jsonwalk.AppendString(append(b, `,"namespace":`...), m.call.shape.namespace)
	}
	return append(b, '}')
}

// closeCall completes the open call.
func (m *machine) closeCall(dst []byte) []byte {
	s := &m.call.shape
	switch {
	case s.typed != nil:
		dst = m.added(dst, s.typed.appendItem(nil, m.item, m.call.id, "in_progress", nil))
		return m.complete(dst, s.typed.appendItem(nil, m.item, m.call.id, "completed", m.text))
	case s.freeform:
		input := openai.FreeformText(m.text)
		dst = m.added(dst, m.callItem("in_progress", []byte(`""`)))
		if !input.Empty() {
			dst = m.sink.delta(dst, "response.custom_tool_call_input.delta", m.at(""), input, nil)
		}
		dst = m.sink.part(dst, "response.custom_tool_call_input.done", m.at(""), []byte(`,"input":`), input)
		return m.complete(dst, m.callItem("completed", input))
	}
	if len(m.text) == 0 {
		m.text = append(m.text, `{}`...)
		dst = m.sink.delta(dst, "response.function_call_arguments.delta", m.at(""), []byte(`"{}"`), nil)
	}
	args := jsonwalk.AppendString(nil, m.text)
	dst = m.sink.part(dst, "response.function_call_arguments.done", m.at(""), []byte(`,"arguments":`), args)
	return m.complete(dst, m.callItem("completed", args))
}

// freshItem is the id of an item that is written at once.
func (m *machine) freshItem(prefix string) { m.item = callid.New(prefix, m.d.random) }
