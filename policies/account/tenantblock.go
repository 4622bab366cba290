package account

import (
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// tenantBlock is what keeps a tenant back: it has no slot, or one of its requests
// had no room in a budget.
type tenantBlock struct {
	blocked
	budget string // "": slots, which keep back all its requests
	amount int64  // of the budget, which had no room
}

// refuse notes that the store has refused a tenant, and why.
func (p *Accounts) refuse(now time.Time, taken *state.Taken, want *state.TenantWant) blocked {
	again := now.Add(state.SnapshotAge) // an attempt of another replica may end
	b := tenantBlock{budget: taken.Tenant, amount: amountOf(want, taken.Tenant)}
	switch {
	case taken.Tenant == state.TenantSlots:
		b = tenantBlock{blocked: blocked{kind: TenantSlots, what: want.Name, until: again, event: true, slots: want.Slots}}
	case taken.Reserved:
		b.blocked = blocked{kind: TenantReserved, what: taken.Tenant, until: again, event: true, slots: 1}
	default:
		b.blocked = blocked{kind: TenantBudget, what: taken.Tenant, until: taken.TenantReady}
	}
	p.tenants[want.Name] = b
	return b.blocked
}

// keeps reports whether a request of the tenant certainly cannot be served now.
// For a budget that holds only if the request takes at least as much of it;
// otherwise only the store knows.
func (b *tenantBlock) keeps(now time.Time, w *Want) bool {
	switch {
	case !b.until.After(now):
		return false
	case b.budget == "":
		return true
	}
	return w.asked != nil && amountOf(w.asked, b.budget) >= b.amount
}

// amountOf is what a request takes of a budget; -1 if it does not.
func amountOf(want *state.TenantWant, budget string) int64 {
	for i := range want.Budgets {
		if want.Budgets[i].Name == budget {
			return want.Budgets[i].Amount
		}
	}
	return -1
}

// TenantsChanged is called when the limits of tenants may have changed.
func (p *Accounts) TenantsChanged() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.tenants)
	p.dispatch(time.Now())
}
