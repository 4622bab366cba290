package redis

import (
	"sync"

	"github.com/heald-proxy/heald/policies/state"
)

// window is a budget's window of a tenant: its name, and its end in ms.
type window struct {
	budget string
	ends   int64
}

func windowOf(b *state.Budget) window { return window{b.Name, b.Ends.UnixMilli()} }

// reserved is what this replica has reserved of a window, and what calls on their
// way may add or take away; see held.
type reserved struct {
	amount                    int64
	takesFlying, endsFlying   int64
	takesStarted, endsStarted int64
	// doubt is the amount of settlements whose arrival is unknown. Something was
	// used, so what the store still has of it counts as used.
	doubt int64
}

// reservations are the ledger of budgets: what this replica has reserved of each
// tenant's windows. There are as many as attempts under way have budgets.
type reservations struct {
	mu      sync.Mutex
	tenants map[string]map[window]*reserved
}

// each changes the entries of a tenant's budgets.
func (r *reservations) each(tenant string, budgets []state.Budget, change func(to *reserved, amount int64)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range budgets {
		if budgets[i].Amount == 0 {
			continue
		}
		all := r.tenants[tenant]
		if all == nil {
			all = make(map[window]*reserved)
			if r.tenants == nil {
				r.tenants = make(map[string]map[window]*reserved)
			}
			r.tenants[tenant] = all
		}
		w := windowOf(&budgets[i])
		if all[w] == nil {
			all[w] = new(reserved)
		}
		change(all[w], budgets[i].Amount)
	}
}

// taking begins a call that may reserve budgets.
func (r *reservations) taking(tenant string, budgets []state.Budget) {
	r.each(tenant, budgets, func(to *reserved, amount int64) {
		to.takesFlying += amount
		to.takesStarted += amount
	})
}

// took ends it. If the outcome is unknown, nothing counts as reserved: the next
// heartbeat gives it back.
func (r *reservations) took(tenant string, budgets []state.Budget, done bool) {
	r.each(tenant, budgets, func(to *reserved, amount int64) {
		to.takesFlying -= amount
		if done {
			to.amount += amount
		}
	})
}

// correcting begins a call that gives back a part of reservations, amounts,
// before their end. What is held is reduced at once, as the receipt says: until
// the call is done the store may still have more, and a comparison that began
// before may see less.
func (r *reservations) correcting(tenant string, budgets []state.Budget) {
	r.each(tenant, budgets, func(to *reserved, amount int64) {
		to.amount = max(0, to.amount-amount)
		to.takesFlying += amount
		to.endsStarted += amount
	})
}

// corrected ends it. If it is unknown whether it arrived, the next heartbeat
// finds what is still there, and gives it back.
func (r *reservations) corrected(tenant string, budgets []state.Budget) {
	r.each(tenant, budgets, func(to *reserved, amount int64) { to.takesFlying -= amount })
}

// uncorrected takes back a call that is not made.
func (r *reservations) uncorrected(tenant string, budgets []state.Budget) {
	r.each(tenant, budgets, func(to *reserved, amount int64) {
		to.amount += amount
		to.takesFlying -= amount
	})
}

// ending begins a call that settles reservations.
func (r *reservations) ending(tenant string, budgets []state.Budget) {
	r.each(tenant, budgets, func(to *reserved, amount int64) {
		to.endsFlying += amount
		to.endsStarted += amount
	})
}

// ended ends it; told says whether it is known that the store was told.
func (r *reservations) ended(tenant string, budgets []state.Budget, told bool) {
	r.each(tenant, budgets, func(to *reserved, amount int64) {
		to.endsFlying -= amount
		to.drop(amount, told)
	})
}

// forget drops reservations of which the store is not told.
func (r *reservations) forget(tenant string, budgets []state.Budget) {
	r.each(tenant, budgets, func(to *reserved, amount int64) { to.drop(amount, false) })
}

func (r *reserved) drop(amount int64, told bool) {
	r.amount = max(0, r.amount-amount)
	if !told {
		r.doubt += amount
	}
}

// statement returns a tenant's entries as a comparison begins, and forgets those
// of nothing.
func (r *reservations) statement(tenant string) map[window]reserved {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make(map[window]reserved)
	for w, has := range r.tenants[tenant] {
		if has.amount == 0 && has.takesFlying == 0 && has.endsFlying == 0 && has.doubt == 0 {
			delete(r.tenants[tenant], w)
			continue
		}
		out[w] = *has
	}
	if len(r.tenants[tenant]) == 0 {
		delete(r.tenants, tenant)
	}
	return out
}

// difference is what must be added to what the store says that this replica has
// reserved of a window, so that it is that, and to the window's use: what nobody
// holds is given back, but for what is in doubt. Both are 0 where calls on their
// way may explain it.
func (r *reservations) difference(tenant string, w window, was reserved, share int64) (reservation, use int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	takes, ends := was.takesFlying, was.endsFlying
	now := r.tenants[tenant][w]
	if now != nil {
		takes += now.takesStarted - was.takesStarted
		ends += now.endsStarted - was.endsStarted
	}
	switch {
	case share < was.amount-ends: // it was reaped, or the data lost: its use stands
		reservation = was.amount - ends - share
	case share > was.amount+takes:
		reservation = was.amount + takes - share
		use = min(0, reservation+was.doubt)
	}
	if now != nil && share <= was.amount && takes == 0 && ends == 0 {
		now.doubt -= was.doubt // none of it is at the store
	}
	return reservation, use
}

// settledDoubt is what was in doubt of a window, and counts as used at the store.
type settledDoubt struct {
	tenant string
	window window
	amount int64
}

// settled resolves doubts.
func (r *reservations) settled(all []settledDoubt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range all {
		if now := r.tenants[d.tenant][d.window]; now != nil {
			now.doubt = max(0, now.doubt-d.amount)
		}
	}
}
