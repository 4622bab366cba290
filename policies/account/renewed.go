package account

import (
	"context"
	"time"
)

// SettleToken waits for a moment until the access token of an account is replaced,
// if it is under way, and takes the account as renewed then. It does nothing for
// other accounts.
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

// Renewed is told that an account has another credential than before: what was
// held against the last one no longer counts.
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
