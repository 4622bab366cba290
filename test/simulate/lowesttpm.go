package simulate

import (
	"math/rand/v2"
	"sync"
	"time"
)

// lowestTPM chooses as LiteLLM's usage-based routing does: of the accounts whose
// requests and tokens of the clock's minute leave room, the one with the fewest
// tokens. Requests count when they are sent, tokens (input and output) when the
// answer has ended. A 429 keeps an account back for 5 s, and so do other failures
// when more than half of the minute's attempts failed, of five at least.
//
// It knows accounts, not projects. So that the sums are right each is configured
// with its project's limits divided by the project's accounts. All replicas see
// each other's use at once.
type lowestTPM struct {
	rnd      *rand.Rand
	begin    time.Time
	accounts []Account
	limits   []Limits // by account
	minute   time.Duration
	used     map[accountModel]*minuteUse
	rests    map[int]time.Duration // until
}

type accountModel struct{ account, model int }

type minuteUse struct{ requests, tokens, ended, failed int64 }

// litellmCooldown is LiteLLM's default cooldown of a deployment.
const litellmCooldown = 5 * time.Second

func makeLowestTPM(s *Scenario) []Policy {
	p := &lowestTPM{
		rnd: rand.New(rand.NewPCG(s.Seed, 0)), begin: time.Now(), accounts: s.accounts(),
		used: map[accountModel]*minuteUse{}, rests: map[int]time.Duration{},
	}
	for _, a := range p.accounts {
		var l Limits
		if where := s.Projects[a.Project]; s.Limits == Known {
			n := int64(max(where.Accounts, 1))
			l = Limits{RPM: divide(where.Limits.RPM, n), TPM: divide(where.Limits.TPM, n)}
		}
		p.limits = append(p.limits, l)
	}
	mu := &sync.Mutex{}
	var all []Policy
	for range s.replicas() {
		all = append(all, &baseline{mu, p})
	}
	return all
}

// divide is a limit's part; no limit has none.
func divide(limit, n int64) int64 {
	if limit == 0 {
		return 0
	}
	return max(limit/n, 1)
}

func (p *lowestTPM) of(account int, r *Request) *minuteUse {
	if minute := time.Since(p.begin).Truncate(time.Minute); minute != p.minute {
		p.minute = minute
		clear(p.used)
	}
	k := accountModel{account, r.Model}
	if p.used[k] == nil {
		p.used[k] = &minuteUse{}
	}
	return p.used[k]
}

func (p *lowestTPM) choose(r *Request, _ []int) (int, time.Duration) {
	now := time.Since(p.begin)
	best, ties := -1, 0
	var least int64
	for account, limit := range p.limits {
		u := p.of(account, r)
		if p.rests[account] > now || limit.TPM > 0 && u.tokens+r.Estimate > limit.TPM || limit.RPM > 0 && u.requests+1 > limit.RPM {
			continue
		}
		switch {
		case best < 0 || u.tokens < least:
			best, least, ties = account, u.tokens, 1
		case u.tokens == least:
			if ties++; p.rnd.IntN(ties) == 0 {
				best = account
			}
		}
	}
	if best < 0 {
		return -1, litellmCooldown
	}
	p.of(best, r).requests++
	return best, 0
}

func (p *lowestTPM) noted(account int, r *Request, reply Reply) {
	u := p.of(account, r)
	if u.ended++; reply.Status != 200 && !reply.Canceled {
		u.failed++
	}
	if reply.Status == 429 || u.ended >= 5 && 2*u.failed > u.ended {
		p.rests[account] = time.Since(p.begin) + litellmCooldown
	}
}

func (p *lowestTPM) ended(account int, r *Request, reply Reply) {
	if reply.Status == 200 {
		p.of(account, r).tokens += r.Input + r.Output
	}
}
