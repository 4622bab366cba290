package claude

import "github.com/heald-proxy/heald/policies/conversation"

// stop is how a reply ends.
type stop struct {
	reason   string
	sequence string // the stop sequence that ended it; "" if none did
	// refused adds stop_details with note, the upstream's explanation.
	refused bool
	note    string
}

func (m *machine) onFinish(dst []byte, ev conversation.Event) []byte {
	s, err := m.stop(ev)
	if err != nil {
		return m.fail(dst, err)
	}
	if m.state == inThinking {
		dst = m.endThinking(dst)
	}
	if m.state == inText || m.state == inCall {
		dst = m.closeBlock(dst)
	}
	// Clients read the first block of an answer without checking that there is
	// one, and send replies back as history, where a thinking block at the end is
	// refused. Only a refusal may be empty.
	if m.last == inThinking || m.last == idle && !s.refused {
		dst = m.sink.openText(dst)
		m.move(inText)
		dst = m.closeBlock(dst)
	}
	m.move(done)
	return m.sink.finish(dst, s, m.usage, m.searches)
}

// stop returns how the reply ends, or the error that it ends with.
func (m *machine) stop(ev conversation.Event) (stop, *conversation.Error) {
	switch ev.Finish {
	case conversation.FinishStop:
		// Clients run calls only if the reason is tool_use: so a call before the stop
		// sequence decides.
		if ev.Stop != "" && m.calls == 0 {
			return stop{reason: "stop_sequence", sequence: ev.Stop}, nil
		}
		return m.natural(), nil
	case conversation.FinishLength:
		return stop{reason: "max_tokens"}, nil
	case conversation.FinishWindow:
		return stop{reason: "model_context_window_exceeded"}, nil
	case conversation.FinishRefused, conversation.FinishBlocked:
		return stop{reason: "refusal", refused: true, note: ev.Note}, nil
	case conversation.FinishPause:
		return stop{reason: "pause_turn"}, nil
	case conversation.FinishMalformed:
		return stop{}, apiError("The model's tool call could not be parsed.")
	case conversation.FinishSignature:
		return stop{}, apiError("The upstream refused the signatures of earlier turns.")
	}
	if m.answer {
		return m.natural(), nil
	}
	return stop{}, apiError("The model ended without an answer.")
}

func (m *machine) natural() stop {
	if m.calls > 0 {
		return stop{reason: "tool_use"}
	}
	return stop{reason: "end_turn"}
}

func apiError(message string) *conversation.Error {
	return &conversation.Error{Kind: conversation.ErrAPI, Message: message}
}

// fail ends the reply with an error. An open block stays open: a client must
// not take half a tool call for a whole one.
func (m *machine) fail(dst []byte, err *conversation.Error) []byte {
	m.move(done)
	if err == nil {
		err = apiError("The upstream failed.")
	}
	return m.sink.fail(dst, err, m.usage)
}
