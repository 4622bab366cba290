package redis

import (
	"sync"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// lately is how long, in a cluster, a refused tenant or account is checked
// before each take; mostRefusals bounds those that are remembered.
const (
	lately       = time.Second
	mostRefusals = 4096
)

// refusals remember which tenants and accounts had no room lately. The zero value is
// ready.
type refusals struct {
	mu       sync.Mutex
	tenants  map[string]time.Time
	accounts map[string]time.Time
}

// note remembers an answer.
func (r *refusals) note(want *state.Want, out *state.Taken) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if out.Tenant != "" {
		remember(&r.tenants, want.Tenant.Name, now)
	}
	for i := range out.Full {
		remember(&r.accounts, want.Places[i].Account, now)
	}
}

func remember(all *map[string]time.Time, name string, now time.Time) {
	if *all == nil {
		*all = make(map[string]time.Time)
	}
	looked := 0
	for old, at := range *all { // a map's order is random: all have their turn
		if now.Sub(at) >= lately {
			delete(*all, old)
		}
		if looked++; looked == 8 {
			break
		}
	}
	if _, known := (*all)[name]; !known && len(*all) >= mostRefusals {
		return
	}
	(*all)[name] = now
}

// lately reports whether the tenant was refused lately, or each of the accounts.
func (r *refusals) lately(want *state.Want) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	is := func(all map[string]time.Time, name string) bool {
		at, known := all[name]
		return known && now.Sub(at) < lately
	}
	if is(r.tenants, want.Tenant.Name) {
		return true
	}
	for i := range want.Places {
		if !is(r.accounts, want.Places[i].Account) {
			return false
		}
	}
	return true
}
