package responses

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

const firstContent = `,"content_index":0`

func (m *machine) onText(dst []byte, t conversation.Text) []byte {
	if t.Empty() {
		return dst
	}
	dst = m.openText(dst)
	m.text = append(m.text, t.Inner()...)
	return m.sink.delta(dst, "response.output_text.delta", m.at(firstContent), t, m.logs.piece())
}

// openText starts a message item unless one is open.
func (m *machine) openText(dst []byte) []byte {
	if m.state != inText {
		dst = m.closeItem(dst)
	}
	if m.thought && m.state == inText && m.seal != "" {
		dst = m.closeItem(dst) // the carrier of a thought between two texts
	}
	dst = m.endThought(dst)
	if m.state == inText {
		return dst
	}
	m.open(inText, "msg_")
	m.answer = true
	dst = m.added(dst, m.textItem("in_progress", nil))
	return m.sink.part(dst, "response.content_part.added", m.at(firstContent), []byte(`,"part":`), textPart(nil, nil, nil, nil))
}

// textPart appends a content part with text, in escaped characters.
func textPart(dst, annotations, logprobs, text []byte) []byte {
	dst = append(append(dst, `{"type":"output_text","annotations":[`...), annotations...)
	dst = append(append(dst, `],"logprobs":[`...), logprobs...)
	return append(append(append(dst, `],"text":"`...), text...), `"}`...)
}

func (m *machine) textItem(status string, part []byte) []byte {
	b := jsonwalk.AppendString(append(m.scratch[:0], `{"id":`...), m.item)
	b = append(append(append(b, `,"type":"message","status":"`...), status...), `","content":[`...)
	b = append(append(b, part...), `],"role":"assistant"}`...)
	m.scratch = b
	return b
}

func (m *machine) closeText(dst []byte, status string) []byte {
	logs := m.logs.take()
	part := textPart(nil, m.cites.list, logs, m.text)
	text := part[len(part)-len(m.text)-len(`""}`) : len(part)-1]
	dst = m.sink.part(dst, "response.output_text.done", m.at(firstContent), []byte(`,"logprobs":[`), logs, []byte(`],"text":`), text)
	dst = m.sink.part(dst, "response.content_part.done", m.at(firstContent), []byte(`,"part":`), part)
	m.cites.next(text)
	return m.complete(dst, m.textItem(status, part))
}
