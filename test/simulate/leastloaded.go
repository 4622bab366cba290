package simulate

import (
	"math/rand/v2"
	"slices"
	"time"
)

// leastLoaded takes the account with the fewest requests under way; of several,
// any; one not yet tried, if there is one.
type leastLoaded struct {
	rnd     *rand.Rand
	running []int // by account
}

func newLeastLoaded(s *Scenario, rnd *rand.Rand) chooser { return ofLeastLoad(s, rnd) }

func ofLeastLoad(s *Scenario, rnd *rand.Rand) *leastLoaded {
	return &leastLoaded{rnd, make([]int, len(s.accounts()))}
}

func (p *leastLoaded) choose(_ *Request, tried []int) (int, time.Duration) {
	return p.among(tried, func(int) bool { return true }), 0
}

// among takes the least loaded of those that may be asked; -1 if none may.
func (p *leastLoaded) among(tried []int, may func(account int) bool) int {
	best, bestLoad, ties := -1, 0, 0
	for account, load := range p.running {
		if !may(account) {
			continue
		}
		if slices.Contains(tried, account) {
			load += 1 << 20 // after all others
		}
		switch {
		case best < 0 || load < bestLoad:
			best, bestLoad, ties = account, load, 1
		case load == bestLoad:
			if ties++; p.rnd.IntN(ties) == 0 {
				best = account
			}
		}
	}
	if best >= 0 {
		p.running[best]++
	}
	return best
}

func (p *leastLoaded) noted(int, *Request, Reply) {}

func (p *leastLoaded) ended(account int, _ *Request, _ Reply) { p.running[account]-- }
