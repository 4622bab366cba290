package claude

import (
	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/callid"
)

// sink writes what the machine decides: as a stream of events, or folded into
// one document. Blocks are consecutive, so the sink counts them.
type sink interface {
	headers() policies.Headers
	start(dst []byte, m messageHead, u conversation.Usage) []byte
	openThinking(dst []byte) []byte
	openText(dst []byte) []byte
	openCall(dst []byte, kind, id, name string) []byte
	block(dst []byte, block []byte) []byte // a whole block at once
	thought(dst []byte, t conversation.Text) []byte
	seal(dst []byte, carrier string) []byte
	text(dst []byte, t conversation.Text) []byte
	cite(dst []byte, citation []byte) []byte // of the open text block
	args(dst []byte, piece conversation.Raw) []byte
	close(dst []byte) []byte
	finish(dst []byte, s stop, u conversation.Usage, searches int) []byte
	fail(dst []byte, err *conversation.Error, u conversation.Usage) []byte
	ping(dst []byte) []byte
}

// messageHead is what precedes the content of a reply.
type messageHead struct{ id, model string }

// machine turns the events of one answer into blocks.
type machine struct {
	req  *conversation.Request
	sink sink
	ids  callid.IDs

	state   state
	thought bool   // a thought was seen since the last part
	seal    string // the carrier of that thought
	last    state  // of the last block written, idle if there is none
	answer  bool   // text or a call was delivered
	calls   int    // calls delivered
	args    bool   // the open call has arguments
	usage   conversation.Usage

	said     int    // bytes of the answer's text so far
	plain    []byte // room for unescaping, reused
	from     int    // its offset where the open text block begins
	server   string // id of the server call that waits for its result
	searches int    // searches the upstream made
}

func newMachine(req *conversation.Request, random func([]byte), s sink) *machine {
	return &machine{
		req: req, sink: s,
		ids: callid.IDs{Req: req, Prefix: "toolu_", Mark: carrierMark, Random: random},
	}
}

// Headers implements dialect.Encoder.
func (m *machine) Headers() policies.Headers { return m.sink.headers() }

// Ping implements dialect.Encoder. Streams begin with message_start, so there
// is nothing to keep alive before it.
func (m *machine) Ping(dst []byte) []byte {
	if m.state == idle || m.state == done {
		return dst
	}
	return m.sink.ping(dst)
}

// Features implements dialect.Encoder.
func (m *machine) Features() dialect.EncoderFeatures {
	return dialect.EncoderFeatures{}
}

// Encode implements dialect.Encoder.
func (m *machine) Encode(dst []byte, ev conversation.Event) []byte {
	if m.state == done {
		return dst
	}
	if ev.Usage.Known {
		m.usage = ev.Usage
	}
	if ev.Kind == conversation.EventFailure {
		return m.fail(dst, ev.Err)
	}
	if m.state == idle {
		dst = m.start(dst, ev)
	}
	switch ev.Kind {
	case conversation.EventThought:
		return m.onThought(dst, ev.Text)
	case conversation.EventText:
		return m.onText(dst, ev.Text)
	case conversation.EventSignature:
		m.onSignature(ev.Carrier)
	case conversation.EventCallStart:
		return m.onCallStart(dst, ev)
	case conversation.EventCallArgs:
		return m.onCallArgs(dst, ev.Args)
	case conversation.EventCallEnd:
		return m.onCallEnd(dst)
	case conversation.EventFinish:
		return m.onFinish(dst, ev)
	}
	return m.onServer(dst, ev)
}

// onServer writes the calls and results of tools that the upstream ran.
func (m *machine) onServer(dst []byte, ev conversation.Event) []byte {
	switch ev.Kind {
	case conversation.EventMedia:
		return m.onMedia(dst, ev.Media)
	case conversation.EventCode:
		return m.onCode(dst, ev.Text)
	case conversation.EventCodeResult:
		return m.onCodeResult(dst, ev.Name, ev.Text)
	case conversation.EventServerCall:
		return m.onServerCall(dst, ev)
	case conversation.EventServerResult:
		return m.onServerResult(dst, ev.Name, ev.Carrier)
	case conversation.EventSources:
		return m.onSources(dst, ev.Sources)
	}
	return dst
}

func (m *machine) start(dst []byte, ev conversation.Event) []byte {
	m.move(between)
	h := messageHead{id: "msg_" + ev.ID, model: m.req.Model}
	if !callid.Fits(ev.ID) {
		h.id = callid.New("msg_", m.ids.Random)
	}
	return m.sink.start(dst, h, m.usage)
}

func (m *machine) onThought(dst []byte, t conversation.Text) []byte {
	if m.req.OneCall && m.calls > 0 {
		return dst // a thought before calls that are not delivered
	}
	if m.seal != "" { // the thought is signed, so it is complete: this is another one
		dst = m.endThinking(dst)
	}
	m.thought = true
	if !m.req.Thinking.Visible || t.Empty() {
		return dst
	}
	if m.state == inText || m.state == inCall {
		dst = m.closeBlock(dst)
	}
	if m.state == between {
		dst = m.sink.openThinking(dst)
		m.move(inThinking)
	}
	return m.sink.thought(dst, t)
}

// onSignature remembers the carrier of a thought. The API has no place for the
// carrier of a text, and the upstream does not require it.
func (m *machine) onSignature(carrier string) {
	if m.thought && m.seal == "" {
		m.seal = carrier
	}
}

func (m *machine) onText(dst []byte, t conversation.Text) []byte {
	dst = m.writeText(dst, t)
	m.said += m.textLength(t)
	return dst
}

func (m *machine) writeText(dst []byte, t conversation.Text) []byte {
	if t.Empty() {
		return dst
	}
	if m.state == inCall {
		dst = m.closeBlock(dst)
	}
	dst = m.endThinking(dst)
	if m.state == between {
		dst = m.sink.openText(dst)
		m.move(inText)
		m.answer, m.from = true, m.said
	}
	return m.sink.text(dst, t)
}

func (m *machine) onCallStart(dst []byte, ev conversation.Event) []byte {
	if m.state == inText || m.state == inCall {
		dst = m.closeBlock(dst)
	}
	if m.req.OneCall && m.calls > 0 {
		return dst
	}
	id := m.ids.Call(ev.CallID)
	if m.req.Thinking.Carries {
		dst = m.carry(dst, ev.Carrier)
	} else {
		dst = m.endThinking(dst)
		id = joinCallID(id, ev.Carrier)
	}
	m.move(inCall)
	m.args = false
	m.calls++
	m.answer = true
	return m.sink.openCall(dst, "tool_use", id, ev.Name)
}

// carry puts the carrier of a call at the end of the thinking block before it,
// or, if that thought has its own signature, into an empty one.
func (m *machine) carry(dst []byte, carrier string) []byte {
	if m.thought && m.seal == "" {
		m.seal = carrier
		return m.endThinking(dst)
	}
	dst = m.endThinking(dst)
	m.seal = carrier
	return m.endThinking(dst)
}

// onCallArgs writes a piece of the open call's arguments. It is not inlined:
// Encode was a sixth slower with it.
//
//go:noinline
func (m *machine) onCallArgs(dst []byte, piece conversation.Raw) []byte {
	if m.state != inCall || len(piece) == 0 {
		return dst
	}
	m.args = true
	return m.sink.args(dst, piece)
}

func (m *machine) onCallEnd(dst []byte) []byte {
	if m.state != inCall {
		return dst
	}
	return m.closeBlock(dst)
}

// endThinking completes the thoughts so far. It is called when another part
// follows, since no reply may end with a thinking block. Without an open block
// it writes one if there is a carrier to put there.
func (m *machine) endThinking(dst []byte) []byte {
	carrier := m.seal
	m.thought, m.seal = false, ""
	if !m.req.Thinking.Carries {
		carrier = ""
	}
	switch {
	case m.state == inThinking:
	case carrier != "":
		if m.state != between {
			dst = m.closeBlock(dst)
		}
		dst = m.sink.openThinking(dst)
		m.move(inThinking)
	default:
		return dst
	}
	dst = m.sink.seal(dst, carrier)
	return m.closeBlock(dst)
}

// closeBlock ends the open block.
func (m *machine) closeBlock(dst []byte) []byte {
	if m.state == inCall && !m.args {
		dst = m.sink.args(dst, conversation.Raw("{}"))
	}
	m.last = m.state
	m.move(between)
	return m.sink.close(dst)
}
