package responses

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

const firstSummary = `,"summary_index":0`

func (m *machine) onThought(dst []byte, t conversation.Text) []byte {
	if m.req.OneCall && m.calls > 0 {
		return dst // it leads to calls that are not delivered
	}
	if m.seal != "" { // that thought is complete: this is another
		dst = m.endThought(m.closeItem(dst))
	}
	m.thought = true
	if !m.req.Thinking.Visible || t.Empty() {
		return dst
	}
	dst = m.closeItem(dst)
	if m.state == between {
		dst = m.openThought(dst)
		dst = m.sink.part(dst, "response.reasoning_summary_part.added", m.at(firstSummary), []byte(`,"part":{"type":"summary_text","text":""}`))
	}
	m.text = append(m.text, t.Inner()...)
	return m.sink.delta(dst, "response.reasoning_summary_text.delta", m.at(firstSummary), t, nil)
}

func (m *machine) openThought(dst []byte) []byte {
	m.open(inThought, "rs_")
	return m.added(dst, append(m.thoughtHead(), `]}`...))
}

// thoughtHead is the reasoning item up to its summary.
func (m *machine) thoughtHead() []byte {
	b := jsonwalk.AppendString(append(m.scratch[:0], `{"id":`...), m.item)
	b = append(b, `,"type":"reasoning","summary":[`...)
	m.scratch = b
	return b
}

// onSignature remembers the carrier of a thought. The API has no place for the
// carrier of a text, and the upstream does not require it.
func (m *machine) onSignature(carrier string) {
	if m.thought && m.seal == "" {
		m.seal = carrier
	}
}

// carry puts the carrier of a call or an image into a reasoning item before it:
// the open one, or, if its thought has its own signature, an empty one.
func (m *machine) carry(dst []byte, carrier string) []byte {
	if m.thought && m.seal == "" {
		m.seal = carrier
		return m.endThought(dst)
	}
	dst = m.endThought(dst)
	m.seal = carrier
	return m.endThought(dst)
}

// endThought completes the thoughts so far. Without an open item it writes one
// if there is a carrier to put there.
func (m *machine) endThought(dst []byte) []byte {
	carrier := m.seal
	m.thought, m.seal = false, ""
	switch {
	case m.state == inThought:
	case carrier != "" && m.state == between:
		dst = m.openThought(dst)
	default:
		return dst
	}
	var part []byte
	if len(m.text) > 0 {
		part = append(append([]byte(`{"type":"summary_text","text":"`), m.text...), `"}`...)
		text := part[len(`{"type":"summary_text","text":`) : len(part)-1]
		dst = m.sink.part(dst, "response.reasoning_summary_text.done", m.at(firstSummary), []byte(`,"text":`), text)
		dst = m.sink.part(dst, "response.reasoning_summary_part.done", m.at(firstSummary), []byte(`,"part":`), part)
	}
	item := append(append(m.thoughtHead(), part...), ']')
	if carrier != "" {
		item = jsonwalk.AppendString(append(item, `,"encrypted_content":`...), carrier)
	}
	return m.complete(dst, append(item, '}'))
}
