package responses

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

const (
	reasonLength = "max_output_tokens"
	reasonFilter = "content_filter"
)

// codeRefused tells Codex that the prompt is at fault, so that it does not
// retry.
const codeRefused = "invalid_prompt"

func (m *machine) onFinish(dst []byte, ev conversation.Event) []byte {
	switch ev.Finish {
	case conversation.FinishStop, conversation.FinishPause:
		return m.finish(dst)
	case conversation.FinishLength, conversation.FinishWindow:
		return m.cutOff(dst, reasonLength)
	case conversation.FinishRefused:
		return m.cutOff(dst, reasonFilter)
	case conversation.FinishBlocked:
		note := ev.Note
		if note == "" {
			note = "The prompt was refused."
		}
		return m.failWith(dst, codeRefused, note)
	case conversation.FinishMalformed:
		return m.fail(dst, apiError("The model's tool call could not be parsed."))
	case conversation.FinishSignature:
		return m.fail(dst, apiError("The upstream refused the signatures of earlier turns."))
	}
	if m.answer {
		return m.finish(dst)
	}
	return m.fail(dst, apiError("The model ended without an answer."))
}

func apiError(message string) *conversation.Error {
	return &conversation.Error{Kind: conversation.ErrAPI, Message: message}
}

// finish completes the response. Clients read the last message of an answer
// without checking that there is one, so there is always a message or a call.
func (m *machine) finish(dst []byte) []byte {
	dst = m.closeAll(dst)
	if !m.answer {
		dst = m.closeItem(m.openText(dst))
	}
	m.move(done)
	return m.sink.end(dst, "response.completed", m.response("completed", nil))
}

// cutOff ends a response that is incomplete.
func (m *machine) cutOff(dst []byte, reason string) []byte {
	if m.state == inText {
		dst = m.closeText(dst, "incomplete")
	}
	dst = m.closeAll(dst)
	m.move(done)
	return m.sink.end(dst, "response.incomplete", m.response("incomplete", []byte(`{"reason":"`+reason+`"}`)))
}

// fail ends the response with an error. An open item stays open: a client must
// not take half a tool call for a whole one.
func (m *machine) fail(dst []byte, err *conversation.Error) []byte {
	if err == nil {
		err = apiError("The upstream failed.")
	}
	return m.failWith(dst, codeOf(err), openai.Message(err))
}

// codeOf is the code of a response that failed. Codex ends the turn at
// server_is_overloaded, and asks again at server_error.
func codeOf(err *conversation.Error) string {
	switch code := openai.Code(err); {
	case code == "":
		return codeRefused
	case err.Kind == conversation.ErrOverloaded && !err.NoRetry:
		return openai.Code(&conversation.Error{Kind: conversation.ErrAPI})
	default:
		return code
	}
}

func (m *machine) failWith(dst []byte, code, message string) []byte {
	m.move(done)
	return m.sink.end(dst, "response.failed", m.response("failed", appendFault(nil, code, message)))
}
