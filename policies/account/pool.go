package account

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Scheme is how a credential is presented.
type Scheme string

// The schemes.
const (
	APIKey Scheme = "api_key" // header x-goog-api-key
	Bearer Scheme = "bearer"  // header Authorization, for OAuth access tokens
)

// Account is one credential usable at one backend.
type Account struct {
	// ID is opaque: it is shown to clients and in logs, so it must not be a
	// key or an e-mail address.
	ID      string
	Backend string
	Scheme  Scheme
	Secret  Secret
}

// Header returns the header field that presents the credential.
func (a *Account) Header() (name, value string) {
	if a.Scheme == Bearer {
		return "authorization", "Bearer " + a.Secret.Reveal()
	}
	return "x-goog-api-key", a.Secret.Reveal()
}

// Pool holds all accounts, in order of preference. It is safe for concurrent
// use.
type Pool struct {
	accounts []*Account

	mu      sync.Mutex
	cooling map[coolKey]time.Time // until when; bounded by accounts × models used
}

// coolKey is an account and a model; model "" means every model.
type coolKey struct{ account, model string }

// coolingLimit bounds the cooldowns kept: model names come from clients.
const coolingLimit = 10_000

// NewPool checks the accounts and makes a pool of them.
func NewPool(accounts []Account) (*Pool, error) {
	p := &Pool{cooling: map[coolKey]time.Time{}}
	var errs []error
	ids := map[string]bool{}
	for i := range accounts {
		a := accounts[i]
		switch {
		case a.ID == "":
			errs = append(errs, fmt.Errorf("accounts[%d].id: is empty; give each account a short opaque name", i))
		case ids[a.ID]:
			errs = append(errs, fmt.Errorf("accounts[%d].id: %q is used twice; logs and memory could not tell them apart", i, a.ID))
		case a.Secret.Empty():
			errs = append(errs, fmt.Errorf("accounts[%d] (%s): the credential is empty; check the variable or file it comes from", i, a.ID))
		}
		ids[a.ID] = true
		if a.Scheme == "" {
			a.Scheme = APIKey
		}
		p.accounts = append(p.accounts, &a)
	}
	return p, errors.Join(errs...)
}

// Choose returns the first account of the backend that is not in tried,
// passing over those that are cooling down for the model while another is
// not. With every account tried it starts again; nil means that the backend
// has no account at all.
func (p *Pool) Choose(backend, model string, tried []string) *Account {
	all := p.of(backend)
	if len(all) == 0 {
		return nil
	}
	fresh := slices.DeleteFunc(slices.Clone(all), func(a *Account) bool { return slices.Contains(tried, a.ID) })
	if len(fresh) == 0 {
		fresh = all
	}
	now := time.Now()
	best, bestUntil := fresh[0], p.coolUntil(fresh[0], model)
	for _, a := range fresh {
		until := p.coolUntil(a, model)
		if !until.After(now) {
			return a
		}
		if until.Before(bestUntil) {
			best, bestUntil = a, until
		}
	}
	return best
}

// Untried reports whether the backend has an account that is not in tried.
func (p *Pool) Untried(backend string, tried []string) bool {
	return slices.ContainsFunc(p.of(backend), func(a *Account) bool { return !slices.Contains(tried, a.ID) })
}

// Cool keeps an account back for a while: for one model, or with model "" for
// all.
func (p *Pool) Cool(id, model string, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.cooling) >= coolingLimit {
		for k := range p.cooling { // whichever comes: a cooldown is only a guess
			delete(p.cooling, k)
			break
		}
	}
	p.cooling[coolKey{id, model}] = time.Now().Add(d)
}

// Cooling reports whether something is kept back for the model.
func (p *Pool) Cooling(id, model string) bool {
	return p.coolUntil(&Account{ID: id}, model).After(time.Now())
}

// Good takes back what was held against an account: it just served a model.
func (p *Pool) Good(id, model string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.cooling, coolKey{id, model})
	delete(p.cooling, coolKey{id, ""})
}

func (p *Pool) of(backend string) []*Account {
	var out []*Account
	for _, a := range p.accounts {
		if a.Backend == backend {
			out = append(out, a)
		}
	}
	return out
}

func (p *Pool) coolUntil(a *Account, model string) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	until := p.cooling[coolKey{a.ID, ""}]
	if u := p.cooling[coolKey{a.ID, model}]; u.After(until) {
		until = u
	}
	return until
}
