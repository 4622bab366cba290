package extproc

import "github.com/heald-proxy/heald/policies"

// cutOff ends the stream because the process has to go. An attempt that is
// still making its request is given up at once; one that has passed a response
// may say its last word. It does not wait for who has the turn.
func (s *stream) cutOff() {
	if giveUp := s.asking.Load(); giveUp != nil {
		(*giveUp)()
	}
	s.leaveCall(callEndNow)
}

// endNow ends a passed response with the attempt's last word.
func (s *stream) endNow() {
	ender, ok := s.attempt.(policies.Ender)
	if !ok || s.state != open {
		return
	}
	s.guard(func() error { return s.act(ender.EndNow(), false) })
	s.said.Store(true)
}

// spoke reports whether something may be under way to Envoy that is worth
// waiting for: a last word, or whatever a stream is sending that has not come
// to it yet.
func (s *stream) spoke() bool {
	return s.said.Load() || s.turn.calls.Load() != 0
}
