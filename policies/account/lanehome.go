package account

import (
	"math"
	"time"
)

// homeOf is the group of a tier that is a conversation's home; nil if there is
// no choice.
func (p *Accounts) homeOf(now time.Time, tier []Candidate, session uint64) *quota {
	first := p.lane(tier[0].Backend, tier[0].Model)
	keys, quotas := first.keys, first.quotas
	for _, c := range tier[1:] {
		l := p.lane(c.Backend, c.Model)
		keys, quotas = append(keys[:len(keys):len(keys)], l.keys...), append(quotas[:len(quotas):len(quotas)], l.quotas...)
	}
	if len(keys) < 2 {
		return nil
	}
	all := 0
	for _, q := range quotas {
		all += q.inFlight
	}
	median := first.medianContent(now)
	return quotas[Home(session, keys, func(i int) float64 {
		if q := quotas[i]; !q.health.Slow(now, median) {
			return LoadShare(q.inFlight, all, len(quotas))
		}
		return math.Inf(1)
	})]
}
