package account

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Pool holds all accounts, in order of preference. It is safe for concurrent
// use.
type Pool struct {
	accounts map[string][]*Account // by backend

	mu         sync.Mutex
	cooling    map[coolKey]map[string]oldCooling // by cause
	suspicions map[suspicionKey]suspicion
}

// coolKey is an account and a model; model "" means every model.
type coolKey struct{ account, model string }

// cooling is one thing that is kept back for one cause.
type oldCooling struct {
	until  time.Time
	hits   []time.Time // in a row, bounded by mostHits
	within time.Duration
}

// coolingLimit bounds the cooldowns kept: model names come from clients.
const coolingLimit = 10_000

// NewPool checks the accounts and makes a pool of them.
func NewPool(accounts []Account) (*Pool, error) {
	p := &Pool{
		accounts: map[string][]*Account{}, cooling: map[coolKey]map[string]oldCooling{},
		suspicions: map[suspicionKey]suspicion{},
	}
	var errs []error
	ids := map[string]bool{}
	for i := range accounts {
		a := accounts[i]
		errs = append(errs, check(&a, fmt.Sprintf("accounts[%d]", i), ids[a.ID]))
		ids[a.ID] = true
		if a.Scheme == "" {
			a.Scheme = APIKey
		}
		p.accounts[a.Backend] = append(p.accounts[a.Backend], &a)
	}
	return p, errors.Join(errs...)
}

// Choose returns the account of the backend to ask next for the model: one that
// is not in tried and not cooling down, then one of tried that is not in spent
// and not cooling down, then of those that are not in spent the one that
// recovers first; last comes what is spent. nil means that the backend has no
// account at all.
func (p *Pool) Choose(backend, model string, tried, spent []string) *Account {
	rank := func(a *Account) int {
		switch {
		case slices.Contains(spent, a.ID):
			return 2
		case slices.Contains(tried, a.ID):
			return 1
		}
		return 0
	}
	var best *Account
	var bestRank int
	var bestWait time.Duration
	for _, a := range p.accounts[backend] {
		r, wait := rank(a), p.Remaining(a.ID, model)
		if wait > 0 && r < 2 {
			r = 1 // tried or not: it has to wait
		}
		if best == nil || r < bestRank || r == bestRank && wait < bestWait {
			best, bestRank, bestWait = a, r, wait
		}
	}
	return best
}

// Untried reports whether the backend has an account that is not in tried and
// not cooling down for the model.
func (p *Pool) Untried(backend, model string, tried []string) bool {
	wait, ok := p.Ready(backend, model, tried)
	return ok && wait == 0
}

// Ready returns how long it takes until some account of the backend that is not
// in without is not cooling down for the model; 0 if one is not. ok is false if
// there is no such account.
func (p *Pool) Ready(backend, model string, without []string) (soonest time.Duration, ok bool) {
	for _, a := range p.accounts[backend] {
		if slices.Contains(without, a.ID) {
			continue
		}
		if wait := p.Remaining(a.ID, model); !ok || wait < soonest {
			soonest, ok = wait, true
		}
	}
	return soonest, ok
}

// Cool keeps an account back for a while: for one model, or with model "" for
// all.
func (p *Pool) Cool(id, model string, d Cooldown) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	k := coolKey{id, model}
	if p.cooling[k] == nil {
		p.makeRoom(now)
		p.cooling[k] = map[string]oldCooling{}
	}
	c := p.cooling[k][d.Cause]
	if d.Within > 0 {
		c.hits = slices.DeleteFunc(c.hits, func(t time.Time) bool { return now.Sub(t) > d.Within })
	}
	if !c.until.After(now) && len(c.hits) < mostHits {
		c.hits = append(c.hits, now)
	}
	c.within = d.Within
	if until := now.Add(d.For[min(max(len(c.hits), 1), len(d.For))-1]); until.After(c.until) {
		c.until = until
	}
	p.cooling[k][d.Cause] = c
}

// makeRoom keeps the number of cooldowns bounded: those that are over go first,
// then those of models, whose names come from clients, then whichever comes. It
// makes room for many at once, since it looks at all.
func (p *Pool) makeRoom(now time.Time) {
	if len(p.cooling) < coolingLimit {
		return
	}
	drop := func(goes func(coolKey) bool) {
		for k := range p.cooling {
			if len(p.cooling) < coolingLimit*9/10 {
				return
			}
			if goes(k) {
				delete(p.cooling, k)
			}
		}
	}
	drop(func(k coolKey) bool { return !p.until(k).After(now) })
	drop(func(k coolKey) bool { return k.model != "" })
	drop(func(coolKey) bool { return true })
}

// Cooling reports whether something is kept back for the model.
func (p *Pool) Cooling(id, model string) bool { return p.Remaining(id, model) > 0 }

// Remaining is how long something is still kept back for the model.
func (p *Pool) Remaining(id, model string) time.Duration {
	return max(time.Until(p.coolUntil(id, model)), 0)
}

// RemainingOf is how long something is still kept back for the model for one
// cause alone.
func (p *Pool) RemainingOf(cause, id, model string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	until := p.cooling[coolKey{id, ""}][cause].until
	if u := p.cooling[coolKey{id, model}][cause].until; u.After(until) {
		until = u
	}
	return max(time.Until(until), 0)
}

// Good takes back what was held against an account: it just served a model.
func (p *Pool) Good(id, model string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range []coolKey{{id, model}, {id, ""}} {
		p.acquit(k)
		for cause, c := range p.cooling[k] {
			if c.until = (time.Time{}); c.within > 0 {
				p.cooling[k][cause] = c
			} else {
				delete(p.cooling[k], cause)
			}
		}
		if len(p.cooling[k]) == 0 {
			delete(p.cooling, k)
		}
	}
}

func (p *Pool) coolUntil(id, model string) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	until := p.until(coolKey{id, ""})
	if u := p.until(coolKey{id, model}); u.After(until) {
		until = u
	}
	return until
}

// until is when the last cooldown of a key ends; p.mu is held.
func (p *Pool) until(k coolKey) (until time.Time) {
	for _, c := range p.cooling[k] {
		if c.until.After(until) {
			until = c.until
		}
	}
	return until
}
