package extproc

import "github.com/heald-proxy/heald/policies"

// cutOff ends the stream because the process stops. An attempt that is still
// making its request is given up at once; one that has passed a response may
// send its end. cutOff does not wait for the turn.
func (s *stream) cutOff() {
	if giveUp := s.asking.Load(); giveUp != nil {
		(*giveUp)()
	}
	s.leaveCall(callEndNow)
}

// endNow ends a passed response with the attempt's EndNow. With one hop it ends all
// others with an error.
func (s *stream) endNow() {
	if s.oneHop && s.attempt != nil && s.state != open && s.state != done {
		s.giveUp()
		return
	}
	ender, ok := s.attempt.(policies.Ender)
	if !ok || s.state != open {
		return
	}
	s.guard(func() error { return s.act(ender.EndNow(), false) })
	s.said.Store(true)
}

// spoke reports whether it is worth waiting for a message to Envoy: the end of a
// response, or what a stream is sending while its end waits for the turn.
func (s *stream) spoke() bool {
	return s.said.Load() || s.turn.calls.Load() != 0
}
