package chat

import (
	"strconv"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// shape is the form in which a call is delivered.
type shape struct {
	kind  string // the tool call's type, and the name of the object within
	field string // where the arguments are
}

var (
	functionShape = &shape{"function", "arguments"}
	freeformShape = &shape{"custom", "input"}
	// legacyShape is function_call, which has neither id nor index.
	legacyShape = &shape{"function_call", "arguments"}
)

// call is the beginning of a call.
type call struct {
	shape   *shape
	index   int
	id      string
	name    string
	carrier string
}

func (m *machine) onCallStart(dst []byte, ev conversation.Event) []byte {
	if m.req.OneCall && m.calls > 0 {
		return dst
	}
	c := call{shape: functionShape, index: m.calls, name: ev.Name, carrier: ev.Carrier}
	m.freeform = m.own.freeform[ev.Name]
	switch {
	case m.own.legacy:
		c.shape = legacyShape
	case m.freeform:
		c.shape = freeformShape
	}
	if !m.own.legacy {
		c.id = m.ids.Call(ev.CallID)
		if !m.cfg.BareCallIDs {
			c.id = joinCallID(c.id, ev.Carrier)
		}
	}
	m.move(inCall)
	m.args, m.held = false, m.held[:0]
	m.calls++
	m.answer = true
	return m.sink.openCall(dst, c)
}

// onCallArgs passes a piece of the arguments on. The arguments of a freeform
// tool are held until they are complete: only then is it known which of them is
// the text.
func (m *machine) onCallArgs(dst []byte, piece conversation.Raw) []byte {
	if m.state != inCall || len(piece) == 0 {
		return dst
	}
	if m.freeform {
		m.held = append(m.held, piece...)
		return dst
	}
	m.args = true
	return m.piece(dst, piece)
}

func (m *machine) piece(dst, piece []byte) []byte {
	m.scratch = jsonwalk.AppendString(m.scratch[:0], piece)
	return m.sink.args(dst, conversation.Text(m.scratch))
}

// closeCall ends the open call, if there is one.
func (m *machine) closeCall(dst []byte) []byte {
	if m.state != inCall {
		return dst
	}
	m.move(open)
	switch {
	case m.freeform:
		if text := openai.FreeformText(m.held); !text.Empty() {
			return m.sink.args(dst, text)
		}
	case !m.args:
		return m.piece(dst, []byte("{}"))
	}
	return dst
}

// appendOpen writes the member of a delta that begins a call, with empty
// arguments.
func (c *call) appendOpen(dst []byte) []byte {
	if c.shape == legacyShape {
		dst = jsonwalk.AppendString(append(dst, `"function_call":{"name":`...), c.name)
		dst = append(dst, `,"arguments":""}`...)
		if c.carrier != "" {
			dst = appendCarrier(append(dst, ','), c.carrier)
		}
		return dst
	}
	dst = c.appendHead(append(dst, `"tool_calls":[{`...), true)
	dst = append(dst, `""}`...)
	if c.carrier != "" {
		dst = appendCarrier(append(dst, ','), c.carrier)
	}
	return append(dst, `}]`...)
}

// appendHead writes a tool call up to the value of its arguments.
func (c *call) appendHead(dst []byte, indexed bool) []byte {
	if indexed {
		dst = append(appendInt(append(dst, `"index":`...), c.index), ',')
	}
	dst = jsonwalk.AppendString(append(dst, `"id":`...), c.id)
	dst = append(dst, `,"type":"`+c.shape.kind+`","`+c.shape.kind+`":{"name":`...)
	dst = jsonwalk.AppendString(dst, c.name)
	return append(dst, `,"`+c.shape.field+`":`...)
}

// appendArgs writes the member of a delta that continues a call.
func (c *call) appendArgs(dst []byte, piece conversation.Text) []byte {
	if c.shape == legacyShape {
		dst = append(append(dst, `"function_call":{"arguments":`...), piece...)
		return append(dst, '}')
	}
	dst = appendInt(append(dst, `"tool_calls":[{"index":`...), c.index)
	dst = append(dst, `,"`+c.shape.kind+`":{"`+c.shape.field+`":`...)
	dst = append(dst, piece...)
	return append(dst, `}}]`...)
}

func appendInt(dst []byte, n int) []byte { return strconv.AppendInt(dst, int64(n), 10) }
