package memory

import (
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// tenantRest is how long a tenant's service is remembered after its last call.
const tenantRest = time.Hour

// tenant is what a tenant has taken. Its methods need the store's lock.
type tenant struct {
	slots   int
	service int64
	budgets map[string]*budget
	seen    time.Time
}

// budget is a limit's running window and the one before it, which attempts that
// began there are still settled in.
type budget struct{ running, before used }

// used is what a window has used and reserved, and how much of that is reserved
// by attempts under way; ends identifies it.
type used struct {
	ends             time.Time
	amount, reserved int64
}

// at is the window that ends then; nil if it has been forgotten. A new one
// begins where none ends as late.
func (b *budget) at(ends time.Time) *used {
	switch {
	case ends.After(b.running.ends):
		b.before, b.running = b.running, used{ends: ends}
		return &b.running
	case ends.Equal(b.running.ends):
		return &b.running
	case ends.Equal(b.before.ends):
		return &b.before
	}
	return nil
}

// refuses reports whether the tenant has no room, and why.
func (t *tenant) refuses(want *state.TenantWant, out *state.Taken) bool {
	if want.Slots > 0 && t.slots >= want.Slots {
		out.Tenant = state.TenantSlots
		return true
	}
	for i := range want.Budgets {
		b := &want.Budgets[i]
		has := t.has(b)
		over := has.amount + max(b.Amount, 1) - b.Limit // a request that costs nothing also needs something left
		reserved := over <= has.reserved
		if over <= 0 || reserved && out.Reserved {
			continue
		}
		out.Tenant, out.TenantReady, out.Reserved = b.Name, b.Ends, reserved
		if !reserved {
			return true
		}
	}
	return out.Tenant != ""
}

// has is a budget's window. A replica whose clock is late asks for a window that
// has ended for others: it gets the current one.
func (t *tenant) has(want *state.Budget) used {
	b := t.budgets[want.Name]
	switch {
	case b == nil || want.Ends.After(b.running.ends):
		return used{}
	case want.Ends.Equal(b.before.ends):
		return b.before
	}
	return b.running
}

// take takes a slot and reserves the budgets.
func (t *tenant) take(want *state.TenantWant) {
	if want.Slots > 0 {
		t.slots++
	}
	for i := range want.Budgets {
		t.spend(&want.Budgets[i], want.Budgets[i].Amount, want.Budgets[i].Amount)
	}
}

// spend adds to a budget's window, and to its reserved part; negative amounts
// give back. No sum becomes negative.
func (t *tenant) spend(b *state.Budget, amount, reserved int64) {
	if t.budgets == nil {
		t.budgets = make(map[string]*budget)
	}
	all := t.budgets[b.Name]
	if all == nil {
		all = new(budget)
		t.budgets[b.Name] = all
	}
	w := all.at(b.Ends)
	if w == nil {
		if amount < 0 || reserved < 0 {
			return // the window is over and forgotten
		}
		w, reserved = &all.running, 0 // no settlement finds it
	}
	w.amount = max(0, w.amount+amount)
	w.reserved = max(0, w.reserved+reserved)
}

// correct changes what an attempt under way has reserved.
func (t *tenant) correct(from, to *state.Receipt) {
	for i := range to.Budgets {
		if by := to.Budgets[i].Amount - from.Budgets[i].Amount; by != 0 {
			t.spend(&from.Budgets[i], by, by)
		}
	}
}

// settle gives back the slot, corrects the budgets, and counts the service.
func (t *tenant) settle(ended *state.Settlement) {
	if ended.Receipt.Slot {
		t.slots = max(0, t.slots-1)
	}
	t.service += ended.Service
	for i := range ended.Receipt.Budgets {
		b := &ended.Receipt.Budgets[i]
		var by int64
		switch {
		case ended.Unsent:
			by = -b.Amount
		case i < len(ended.Used):
			by = ended.Used[i] - b.Amount
		}
		t.spend(b, by, -b.Amount)
	}
}

// idle drops windows that have ended, and reports whether the tenant can be
// forgotten.
func (t *tenant) idle(now time.Time) bool {
	for name, b := range t.budgets {
		if !b.running.ends.After(now) {
			delete(t.budgets, name)
		}
	}
	return t.slots == 0 && len(t.budgets) == 0 && now.Sub(t.seen) > tenantRest
}
