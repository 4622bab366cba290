package account

import "time"

const (
	// capacityCut is what a refusal leaves of the concurrency: less than it had,
	// and more than half, since shared capacity changes by the minute (as in
	// CUBIC, RFC 9438, section 4.6).
	capacityCut = 0.7
	// capacityFloor is the least concurrency. One attempt has to go on, to show
	// when there is capacity again.
	capacityFloor = 1
)

// Capacity finds how many attempts of a model a quota group can run at once
// where capacity is shared, as at Vertex AI, and the limit is unknown: one more
// for each window of successes, and 0.7 of it after a refusal (additive
// increase, multiplicative decrease). Each replica has its own. The zero value
// has no limit: nothing was refused so far. It is not safe for concurrent use;
// its holder guards it.
type Capacity struct {
	limit     float64   // 0: none
	successes int       // since the limit last changed
	cut       time.Time // last refusal that counted
}

// Limit is how many attempts there may be at once; 0 is no limit.
func (c *Capacity) Limit() int { return int(c.limit) }

// Room reports whether one more attempt may begin where inUse run.
func (c *Capacity) Room(inUse int) bool { return c.limit == 0 || inUse < c.Limit() }

// Succeeded records an attempt that succeeded while inUse ran, itself included.
// A window is as many successes as attempts may run at once. They count only if
// at least half of the limit is in use: others do not show that more would
// succeed.
func (c *Capacity) Succeeded(inUse int) {
	if c.limit == 0 || 2*inUse < c.Limit() {
		return
	}
	if c.successes++; c.successes >= c.Limit() {
		c.limit, c.successes = float64(c.Limit()+1), 0
	}
}

// Refused notes an attempt that was refused for lack of shared capacity. It
// began at started, and inUse ran, itself included. What began before the last
// cut tells nothing new: attempts that run at the same time are refused
// together.
func (c *Capacity) Refused(now, started time.Time, inUse int) {
	if c.limit > 0 && !started.After(c.cut) {
		return
	}
	had := c.limit
	if had == 0 {
		had = float64(inUse)
	}
	c.limit, c.successes, c.cut = max(had*capacityCut, capacityFloor), 0, now
}
