package state

import "time"

// peakAge is how long a peak is remembered at least; twice as long at most.
const peakAge = time.Second

// peaks are the most slots in use of each account recently. A single snapshot
// may be old: under load it shows room that is already gone.
type peaks struct {
	now, before map[string]int
	turned      time.Time
}

// note records a number of slots in use.
func (p *peaks) note(account string, inUse int, at time.Time) {
	if at.Sub(p.turned) >= peakAge || p.now == nil {
		p.before, p.now, p.turned = p.now, make(map[string]int), at
	}
	if inUse > p.now[account] {
		p.now[account] = inUse
	}
}

// of is an account's peak.
func (p *peaks) of(account string) int { return max(p.now[account], p.before[account]) }
