package simulate

import (
	"math/rand/v2"
	"time"
)

// cooldown is leastLoaded with cooldowns of a project's model after a failure:
// as long as a 429 states, else 5, 10, 20, 40 and then 60 s for consecutive
// failures. If all are cooling down, it refuses until the first is back.
type cooldown struct {
	*leastLoaded
	began    time.Time
	accounts []Account
	rest     map[quotaKey]*rest
}

type rest struct {
	until time.Duration
	row   int // failures
}

var cooldownSteps = []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute}

func newCooldown(s *Scenario, rnd *rand.Rand) chooser {
	return &cooldown{ofLeastLoad(s, rnd), time.Now(), s.accounts(), map[quotaKey]*rest{}}
}

func (p *cooldown) of(account int, r *Request) *rest {
	k := quotaKey{p.accounts[account].Project, r.Model}
	if p.rest[k] == nil {
		p.rest[k] = &rest{}
	}
	return p.rest[k]
}

func (p *cooldown) choose(r *Request, tried []int) (int, time.Duration) {
	now := time.Since(p.began)
	soonest := time.Duration(-1)
	account := p.among(tried, func(account int) bool {
		wait := p.of(account, r).until - now
		if soonest < 0 || wait < soonest {
			soonest = wait
		}
		return wait <= 0
	})
	return account, soonest
}

func (p *cooldown) noted(account int, r *Request, reply Reply) {
	c := p.of(account, r)
	now := time.Since(p.began)
	switch {
	case reply.Canceled:
	case reply.Status == 200:
		c.row = 0
	case reply.After > 0:
		c.until = max(c.until, now+reply.After)
	case c.until <= now: // those that fail while it rests are the same failure
		c.until = now + cooldownSteps[min(c.row, len(cooldownSteps)-1)]
		c.row++
	}
}
