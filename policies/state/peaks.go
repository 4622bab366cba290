package state

import "time"

// peakAge is how long a peak is remembered at least; twice as long at most.
const peakAge = time.Second

// peaks are the most slots in use of each account lately. A snapshot alone may be
// old: under load there is room in it that is gone by now.
type peaks struct {
	now, before map[string]int
	turned      time.Time
}

// note remembers a number of slots in use.
func (p *peaks) note(account string, inUse int) {
	if time.Since(p.turned) >= peakAge || p.now == nil {
		p.before, p.now, p.turned = p.now, make(map[string]int), time.Now()
	}
	if inUse > p.now[account] {
		p.now[account] = inUse
	}
}

// of is an account's peak.
func (p *peaks) of(account string) int { return max(p.now[account], p.before[account]) }
