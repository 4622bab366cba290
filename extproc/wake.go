package extproc

import (
	"time"
)

// arm asks for a wake-up after d; 0 keeps the earlier time, a negative d
// (policies.Never) cancels it. A stream has one timer and reuses it: idle
// limits move with every chunk.
func (s *stream) arm(d time.Duration) {
	switch {
	case d == 0:
	case d < 0:
		s.wakeAt = time.Time{}
		if s.timer != nil {
			s.timer.Stop()
		}
	default:
		s.wakeAt = time.Now().Add(d)
		if s.timer == nil {
			s.timer = time.AfterFunc(d, func() { s.leaveCall(callWake) })
		} else {
			s.timer.Reset(d)
		}
	}
}

// wake makes the wake-up that arm was asked for.
func (s *stream) wake() {
	// While this call waited for its turn the stream may have ended, or the
	// wake-up was canceled or moved; a moved one has its own call to come.
	if s.state == done || s.wakeAt.IsZero() || time.Now().Before(s.wakeAt) {
		return
	}
	s.wakeAt = time.Time{}
	s.guard(func() error { return s.act(s.attempt.Wake(), false) })
}

// notify is the attempt's policies.Request.Notify; any goroutine may call it.
func (s *stream) notify() {
	s.inTurn(func() {
		if s.state != done {
			s.guard(func() error { return s.act(s.attempt.Wake(), false) })
		}
	})
}
