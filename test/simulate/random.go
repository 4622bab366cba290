package simulate

import (
	"math/rand/v2"
	"slices"
	"time"
)

// random takes any account, of those not yet tried if there are some.
type random struct {
	rnd      *rand.Rand
	accounts int
}

func newRandom(s *Scenario, rnd *rand.Rand) chooser { return &random{rnd, len(s.accounts())} }

func (p *random) choose(_ *Request, tried []int) (int, time.Duration) {
	account := p.rnd.IntN(p.accounts)
	for n := 0; n < p.accounts && slices.Contains(tried, account); n++ {
		account = (account + 1) % p.accounts
	}
	return account, 0
}

func (p *random) noted(int, *Request, Reply) {}
func (p *random) ended(int, *Request, Reply) {}
