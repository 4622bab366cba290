package resume

import "github.com/heald-proxy/heald/policies/conversation"

// textLimit bounds the text that is kept, in bytes. Answers end at 65,536
// tokens, about as much.
const textLimit = 256 << 10

// SoFar is the part of an answer that the client has, kept for as long as the
// answer could be resumed. The zero value is an answer that has not begun.
type SoFar struct {
	text  []byte
	state progress
}

// Note adds events of the answer.
func (s *SoFar) Note(events []conversation.Event) {
	for i := range events {
		if s.state == unresumable {
			return
		}
		s.note(&events[i])
	}
}

func (s *SoFar) note(ev *conversation.Event) {
	if ev.Candidate != 0 {
		s.Stop()
		return
	}
	switch ev.Kind {
	case conversation.EventStart, conversation.EventSignature:
	case conversation.EventThought:
		s.move(inThoughts)
	case conversation.EventText:
		if ev.Text.Empty() {
			break
		}
		s.move(inText)
		if s.text = append(s.text, ev.Text.String()...); len(s.text) > textLimit {
			s.Stop()
		}
	default: // an event after which the answer cannot be resumed
		s.Stop()
	}
}

// Stop marks the answer as one that cannot be resumed.
func (s *SoFar) Stop() {
	s.text = nil
	s.move(unresumable)
}

// Text returns the text so far.
func (s *SoFar) Text() string { return string(s.text) }

// Size is how much text there is so far, in bytes.
func (s *SoFar) Size() int { return len(s.text) }

// EndsInText reports whether the answer can be resumed.
func (s *SoFar) EndsInText() bool { return s.state == inText }
