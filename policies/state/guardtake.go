package state

import (
	"context"
)

// Take implements Store.
func (g *Guard) Take(ctx context.Context, want *Want) (Taken, error) {
	var taken Taken
	ask, early := want, g.within(want)
	if early != nil {
		if ask = early.ask(); len(ask.Places) == 0 && len(want.Places) > 0 {
			return Taken{Place: -1, Full: early.full}, nil
		}
	}
	err := g.call(ctx, "take", func(ctx context.Context) (err error) {
		taken, err = g.remote.Take(ctx, ask)
		return err
	})
	if err == nil {
		if early != nil {
			early.taken(&taken)
		}
		g.given(&taken.Receipt)
		g.full(want, &taken)
		if taken.Receipt.Place != nil {
			g.local.Record(taken.Receipt.Place)
		}
		return taken, nil
	}
	if err := g.alone(ctx, "take", err); err != nil {
		return Taken{Place: -1}, err
	}
	return g.takeLocally(ctx, want)
}

// full records accounts that were full.
func (g *Guard) full(want *Want, taken *Taken) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, full := range taken.Full {
		if full.Limit == "slots" {
			g.peaks.note(want.Places[i].Account, want.Places[i].Slots, g.cfg.Now())
		}
	}
}

// given counts slots that the remote store has given.
func (g *Guard) given(r *Receipt) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.count(r, 1)
	if g.kept != nil && r.Place != nil { // the answer was on its way
		g.kept[r.Place.Account]++
	}
}

// count changes how many slots of the remote store are in use; the lock is held.
func (g *Guard) count(r *Receipt, by int) {
	if r.Slot {
		add(g.tenants, r.Tenant, by)
	}
	if r.Place != nil {
		add(g.accounts, r.Place.Account, by)
	}
}

// add keeps no zeros, so that a map is as large as what is held.
func add(m map[string]int, name string, by int) {
	if m[name] += by; m[name] <= 0 {
		delete(m, name)
	}
}

// takeLocally takes at the local store, with this replica's part of the limits.
func (g *Guard) takeLocally(ctx context.Context, want *Want) (Taken, error) {
	g.deciding.RLock()
	defer g.deciding.RUnlock()
	local := Want{Places: make([]Place, 0, min(len(want.Places), MostPlaces))}
	refused := Taken{Place: -1, Local: true}
	if want.Tenant != nil {
		tenant, room := g.tenantPart(want.Tenant)
		if !room {
			refused.Tenant = TenantSlots
			return refused, nil
		}
		local.Tenant = tenant
	}
	var places []int // index in want of each in local
	full := make([]Full, 0, MostPlaces)
	for i := range want.Places[:min(len(want.Places), MostPlaces)] {
		p, room := g.placePart(&want.Places[i])
		if !room {
			full = append(full, Full{Limit: "slots"})
			continue
		}
		full = append(full, Full{}) // the local store's
		local.Places = append(local.Places, p)
		places = append(places, i)
	}
	if len(local.Places) == 0 && len(want.Places) > 0 {
		refused.Full = full
		return refused, nil
	}
	taken, err := g.local.Take(ctx, &local)
	if err != nil {
		return taken, err
	}
	taken.Local, taken.Receipt.Local = true, true
	for i, f := range taken.Full {
		full[places[i]] = f
	}
	if taken.Place >= 0 {
		taken.Place = places[taken.Place]
		full = full[:taken.Place]
		taken.Receipt.Place = &want.Places[taken.Place]
	}
	taken.Full = nil
	if taken.Tenant == "" && len(full) > 0 {
		taken.Full = full
	}
	if taken.Receipt.Tenant != "" {
		taken.Receipt.Budgets = want.Tenant.Budgets
	}
	g.hold(&taken.Receipt, 1)
	return taken, nil
}

// hold reports slots that were taken locally to the remote store's ledger.
func (g *Guard) hold(r *Receipt, by int) {
	account, tenant := "", ""
	if r.Place != nil {
		account = r.Place.Account
		g.mu.Lock()
		add(g.byItself, account, by)
		g.mu.Unlock()
	}
	if r.Slot {
		tenant = r.Tenant
	}
	g.remote.Hold(account, tenant, by)
}

// tenantPart is what this replica may give a tenant by itself.
func (g *Guard) tenantPart(t *TenantWant) (*TenantWant, bool) {
	g.mu.Lock()
	n, held := g.replicas(), g.tenants[t.Name]
	g.mu.Unlock()
	out := *t
	if t.Slots > 0 {
		if out.Slots = max(1, t.Slots/n) - held; out.Slots <= 0 {
			return nil, false
		}
	}
	out.Budgets = make([]Budget, len(t.Budgets))
	for i := range t.Budgets {
		out.Budgets[i] = t.Budgets[i]
		out.Budgets[i].Limit = max(0, t.Budgets[i].Limit-g.remote.Total(t.Name, &t.Budgets[i])) / int64(n)
	}
	return &out, true
}

// placePart is what this replica may take at a place by itself.
func (g *Guard) placePart(p *Place) (Place, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.replicas()
	out := *p
	if p.Slots > 0 && g.frozen {
		return out, false
	}
	out.Rates, out.Whole = g.rates(p, n), p.Rates.Tokens
	if p.Slots > 0 {
		held := g.accounts[p.Account]
		if out.Slots = g.slots(p, n, held) - held; out.Slots <= 0 {
			return out, false
		}
	}
	return out, true
}

func part(limit int64, n int) int64 {
	if limit <= 0 {
		return limit
	}
	return max(1, limit/int64(n))
}
