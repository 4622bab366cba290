package state

import "time"

// lateness is how much later than its predecessor a request that heald delays
// may reach upstream without coming too early: its way there may be that much
// shorter, or the clock that counts it that much behind.
const lateness = 500 * time.Millisecond

// Minute is how long a request counts at least for the limits on a minute of its
// group; a second more at most, since those of one second count together, until
// Minute after the last of them.
const Minute = time.Minute + lateness
