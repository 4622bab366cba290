package state

import "time"

// lateness is how much later than another a request may arrive upstream for which
// heald has waited, without coming too early: its way there may be that much
// shorter, or the clock that counts it that much behind.
const lateness = 500 * time.Millisecond

// Minute is how long a request counts at least for the limits on a minute of its
// group; a second more at most, since those of one second count together, until
// Minute after the last of them.
const Minute = time.Minute + lateness
