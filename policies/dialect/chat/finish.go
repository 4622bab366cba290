package chat

import "github.com/heald-proxy/heald/policies/conversation"

const promptRefused = "The prompt was refused."

func (m *machine) onFinish(dst []byte, ev conversation.Event) []byte {
	reason, err := m.reason(ev.Finish)
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
	m.state = done
	return m.sink.finish(dst, reason, m.takeLogprobs(), m.usage)
}

// reason returns the finish_reason, or the error that the reply ends with.
// The set is closed: clients validate it.
func (m *machine) reason(f conversation.Finish) (string, *conversation.Error) {
	switch f {
	case conversation.FinishStop, conversation.FinishPause:
		return m.natural(), nil
	case conversation.FinishLength, conversation.FinishWindow:
		return "length", nil
	case conversation.FinishRefused, conversation.FinishBlocked:
		return "content_filter", nil
	case conversation.FinishMalformed:
		return "", apiError("The model's tool call could not be parsed.")
	case conversation.FinishSignature:
		return "", apiError("The upstream refused the signatures of earlier turns.")
	}
	if m.answer {
		return m.natural(), nil
	}
	return "", apiError("The model ended without an answer.")
}

// natural is the reason of a model that was done. Calls count whenever they
// came: the upstream often tells the finish in a later chunk.
func (m *machine) natural() string {
	switch {
	case m.calls == 0:
		return "stop"
	case m.own.legacy:
		return "function_call"
	}
	return "tool_calls"
}

func apiError(message string) *conversation.Error {
	return &conversation.Error{Kind: conversation.ErrAPI, Message: message}
}

// fail ends the reply with an error. An open call stays as it is: a client
// must not take half a tool call for a whole one.
func (m *machine) fail(dst []byte, err *conversation.Error) []byte {
	m.state = done
	if err == nil {
		err = apiError("The upstream failed.")
	}
	return m.sink.fail(dst, err, m.usage)
}
