package account

import (
	"context"
	"time"
)

// SettleToken waits for a moment if the access token of an account is being
// replaced, and then treats the account as renewed. It does nothing for other
// accounts.
func (p *Accounts) SettleToken(ctx context.Context, id string) {
	m := p.byID[id]
	if m == nil || m.Tokens == nil {
		return
	}
	m.Tokens.Settle(ctx)
	if m.Unusable() == "" {
		p.Renewed(id)
	}
}

// Renewed lifts what kept the last credential of an account back: it has a new
// one.
func (p *Accounts) Renewed(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Subject{Scope: OfAccount, Name: id}
	p.suspects.acquit(s)
	if p.book.lift(s, p.book.last) {
		p.write(s)
	}
	p.dispatch(time.Now())
}
