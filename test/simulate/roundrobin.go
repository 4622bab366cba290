package simulate

import (
	"math/rand/v2"
	"time"
)

// roundRobin takes one account after the other.
type roundRobin struct{ next, accounts int }

func newRoundRobin(s *Scenario, rnd *rand.Rand) chooser {
	n := len(s.accounts())
	return &roundRobin{rnd.IntN(n), n}
}

func (p *roundRobin) choose(*Request, []int) (int, time.Duration) {
	p.next = (p.next + 1) % p.accounts
	return p.next, 0
}

func (p *roundRobin) noted(int, *Request, Reply) {}
func (p *roundRobin) ended(int, *Request, Reply) {}
