package heal

import (
	"crypto/rand"
	"time"
)

// Clock is the clock of one process. Its readings mean nothing to other
// processes: clocks of two machines may differ by minutes.
type Clock struct {
	id    string
	start time.Time
	now   func() time.Time
}

// NewClock is a clock of this process, distinct from every other one.
func NewClock() Clock { return ClockReading(time.Now) }

// ClockReading is a clock that reads now.
func ClockReading(now func() time.Time) Clock {
	return Clock{id: rand.Text()[:8], start: now(), now: now}
}

// Now is the time on the clock.
func (c Clock) Now() time.Time { return c.now() }
