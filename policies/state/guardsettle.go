package state

import (
	"context"
	"time"
)

// mostOwed bounds what the remote store is told later; more than that is
// dropped.
const mostOwed = 16384

// spentKey is a budget's window.
type spentKey struct {
	tenant, budget string
	ends           time.Time
}

// Correct implements Store. While the remote store is silent, a reservation
// there is not corrected: the end settles it.
func (g *Guard) Correct(ctx context.Context, c Correction) (Receipt, error) {
	if c.Receipt.Local {
		return g.local.Correct(ctx, c)
	}
	g.mu.Lock()
	silent := g.kept != nil
	g.mu.Unlock()
	if silent {
		return c.Receipt, nil
	}
	out, err := g.remote.Correct(ctx, c)
	if err != nil {
		return c.unsure(), err
	}
	return out, nil
}

// Settle implements Store. What was taken locally is settled locally; its
// budgets and service are also reported to the remote store, when it can be
// reached. What the remote store has given is settled there, when this replica
// works with it.
func (g *Guard) Settle(ctx context.Context, ended ...Settlement) error {
	var remote, local []Settlement
	for _, e := range ended {
		if e.Receipt.Local {
			local = append(local, e)
			g.hold(&e.Receipt, -1)
			g.owe(&e)
		} else if g.end(&e) {
			remote = append(remote, e)
		}
	}
	if len(local) > 0 {
		if err := g.local.Settle(ctx, local...); err != nil {
			return err
		}
		g.mu.Lock()
		if !g.down {
			remote = append(remote, g.owed()...)
		}
		g.mu.Unlock()
	}
	if len(remote) == 0 {
		return nil
	}
	return g.remote.Settle(ctx, remote...)
}

// owe records local spending, to be reported to the store later.
func (g *Guard) owe(e *Settlement) {
	if e.Receipt.Tenant == "" {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if e.Service != 0 && len(g.served) < mostOwed {
		g.served[e.Receipt.Tenant] += e.Service
	}
	for i := range e.Receipt.Budgets {
		b := &e.Receipt.Budgets[i]
		used := b.Amount
		switch {
		case e.Unsent:
			used = 0
		case i < len(e.Used):
			used = e.Used[i]
		}
		if used != 0 && len(g.spent) < mostOwed {
			g.spent[spentKey{e.Receipt.Tenant, b.Name, b.Ends}] += used
		}
	}
}

// owed returns what the remote store must be told, once; the lock is held.
func (g *Guard) owed() []Settlement {
	var out []Settlement
	for tenant, service := range g.served {
		out = append(out, Settlement{Receipt: Receipt{Tenant: tenant}, Tokens: -1, Service: service})
	}
	for key, used := range g.spent {
		out = append(out, Settlement{
			Receipt: Receipt{Tenant: key.tenant, Budgets: []Budget{{Name: key.budget, Ends: key.ends}}},
			Tokens:  -1, Used: []int64{used},
		})
	}
	clear(g.served)
	clear(g.spent)
	return out
}
