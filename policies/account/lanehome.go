package account

import (
	"math"
	"time"
)

// homeOf is the group of a tier where a conversation is at home.
func (p *Accounts) homeOf(now time.Time, tier []Candidate, session uint64) string {
	first := p.lane(tier[0].Backend, tier[0].Model)
	names, seats := first.names, first.seats
	for _, c := range tier[1:] {
		l := p.lane(c.Backend, c.Model)
		names, seats = append(names[:len(names):len(names)], l.names...), append(seats[:len(seats):len(seats)], l.seats...)
	}
	if len(names) < 2 {
		return ""
	}
	all := 0
	for i := range seats {
		all += seats[i].quota.inFlight
	}
	median := first.medianContent(now)
	i := Home(session, names, func(i int) float64 {
		if q := seats[i].quota; !q.health.Slow(now, median) {
			return LoadShare(q.inFlight, all, len(seats))
		}
		return math.Inf(1)
	})
	return names[i]
}
