package chat

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

const promptRefused = "The prompt was refused."

func (m *machine) onFinish(dst []byte, ev conversation.Event) []byte {
	several := m.req.Limits.Candidates > 1 // the other answers may be good
	reason, err := openai.FinishReason(ev.Finish, m.natural(), m.answer || several)
	if err != nil {
		return m.fail(dst, err)
	}
	if ev.Finish == conversation.FinishBlocked {
		note := ev.Note
		if note == "" {
			note = promptRefused
		}
		dst = m.sink.refusal(dst, conversation.Quote(note))
	}
	m.move(done)
	dst = m.sink.finish(dst, reason, m.takeLogprobs())
	if ev.More {
		return dst
	}
	return m.sink.complete(dst, m.usage)
}

// natural is the reason when the model was done. A call counts even if it came
// in an earlier chunk than the finish.
func (m *machine) natural() string {
	switch {
	case m.calls == 0:
		return "stop"
	case m.own.legacy:
		return "function_call"
	}
	return "tool_calls"
}

// onFailure ends the reply with the error of upstream.
func (m *machine) onFailure(dst []byte, ev conversation.Event) []byte {
	if ev.Usage.Known {
		m.usage = ev.Usage
	}
	return m.fail(dst, ev.Err)
}

// fail ends the reply with an error. An open call stays as it is: a client
// must not take half a tool call for a whole one.
func (m *machine) fail(dst []byte, err *conversation.Error) []byte {
	m.move(failed)
	if err == nil {
		err = openai.APIError("The upstream failed.")
	}
	return m.sink.fail(dst, err, m.usage)
}
