package extproc

import (
	"time"

	"github.com/heald-proxy/heald/policies"
)

// arm asks for a wake-up after d; 0 keeps the earlier wish, a negative d
// (policies.Never) takes it back. A stream has one timer and re-uses it: idle limits move with every
// chunk.
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
			s.timer = time.AfterFunc(d, s.wake)
		} else {
			s.timer.Reset(d)
		}
	}
}

// wake runs on the timer's goroutine.
func (s *stream) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	// While this call waited for the lock the stream may have ended, or the
	// wish was taken back or moved; a moved one has its own call to come.
	if s.state == done || s.wakeAt.IsZero() || time.Now().Before(s.wakeAt) {
		return
	}
	s.wakeAt = time.Time{}
	s.guard(func() error { return s.act(s.attempt.Wake(), false) })
}

// notify is the attempt's policies.Request.Notify; any goroutine may call it.
func (s *stream) notify() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == done {
		return
	}
	s.guard(func() error { return s.act(s.attempt.Wake(), false) })
}

// endNow ends a passed response with the attempt's last word, and reports
// whether there was one.
func (s *stream) endNow() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	ender, ok := s.attempt.(policies.Ender)
	if !ok || s.state != open {
		return false
	}
	s.guard(func() error { return s.act(ender.EndNow(), false) })
	return true
}
