package extproc

import "sync/atomic"

// turn is the right to call a stream's attempt and to send on the stream. One
// goroutine has it at a time, and may block while it has it: in RequestBody, or
// while Envoy does not read. Only goroutines that may block wait for it: those
// of gRPC and of the attempt. A timer and a drain leave a call instead, which
// the holder of the turn makes after its own work.
//
// It is a channel and no mutex, so that testing/synctest sees who waits.
type turn struct {
	taken chan struct{} // capacity 1: full while somebody has the turn
	calls atomic.Uint32 // the calls that were left, a set of call
}

// call is what is to be done in the next turn.
type call uint32

const (
	callWake   call = 1 << iota // the time for which arm was called has come
	callEndNow                  // the process has to stop
)

func newTurn() turn { return turn{taken: make(chan struct{}, 1)} }

// inTurn does work once the turn is free.
func (s *stream) inTurn(work func()) {
	s.turn.taken <- struct{}{}
	defer func() {
		<-s.turn.taken
		s.makeCalls()
	}()
	work()
}

// leaveCall makes c run in the next turn: at once if nobody has the turn.
func (s *stream) leaveCall(c call) {
	s.turn.calls.Or(uint32(c))
	s.makeCalls()
}

// makeCalls makes the calls that were left, unless somebody has the turn: the
// holder looks for calls after giving the turn back, so none is missed.
func (s *stream) makeCalls() {
	for s.turn.calls.Load() != 0 && s.takeCalls() {
	}
}

// takeCalls makes the calls that were left and reports whether the turn was free.
func (s *stream) takeCalls() bool {
	select {
	case s.turn.taken <- struct{}{}:
	default:
		return false
	}
	defer func() { <-s.turn.taken }()
	calls := call(s.turn.calls.Swap(0))
	if calls&callEndNow != 0 {
		s.endNow()
	}
	if calls&callWake != 0 {
		s.wake()
	}
	return true
}
