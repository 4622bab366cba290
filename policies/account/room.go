package account

import (
	"cmp"
	"time"
)

const (
	// leastRoom is how many may always wait for a backend.
	leastRoom = 100
	// roomMemory is the time over which requests served are counted: quotas are
	// per minute, and under load they may be used up in its first seconds.
	roomMemory = time.Minute
)

// waitingRoom bounds the requests whose first choice is one backend to as many
// as it serves in the time that they wait, since more would wait in vain. If it
// is full, a tenant with less than its share, by weight, may still enter:
// otherwise one that is rarely served could fill it and keep out others whose
// turn is sooner. So n tenants of equal weight are at most 1 + 1/2 + 1/3 … 1/n
// times as many as it should hold.
//
// The zero value is empty. It is not safe for concurrent use; its holder guards
// it.
type waitingRoom struct {
	served   window // requests, over roomMemory
	turnover turnover
	waiting  int
	tenants  map[string]crowd // those who wait
}

// crowd is the waiting requests of one tenant.
type crowd struct {
	waiting int
	weight  float64
}

// serve counts a request that was sent to the backend.
func (r *waitingRoom) serve(now time.Time) { r.served.add(now, roomMemory, 1, 0) }

// enter adds a request that would wait so long; it returns false if there is no
// room.
func (r *waitingRoom) enter(now time.Time, tenant string, weight float64, wait time.Duration) bool {
	served, _ := r.served.sum(now, roomMemory)
	size := max(leastRoom, float64(served)*wait.Seconds()/roomMemory.Seconds())
	c := r.tenants[tenant]
	c.weight = cmp.Or(max(weight, 0), 1)
	if float64(r.waiting) >= size && float64(c.waiting) >= size*r.part(tenant, c.weight) {
		return false
	}
	if r.tenants == nil {
		r.tenants = map[string]crowd{}
	}
	r.waiting++
	c.waiting++
	r.tenants[tenant] = c
	return true
}

// part is a tenant's part, by weight.
func (r *waitingRoom) part(tenant string, weight float64) float64 {
	all := weight
	for name, c := range r.tenants {
		if name != tenant {
			all += c.weight
		}
	}
	return weight / all
}

// leave removes one.
func (r *waitingRoom) leave(tenant string) {
	r.waiting--
	c := r.tenants[tenant]
	if c.waiting--; c.waiting > 0 {
		r.tenants[tenant] = c
		return
	}
	delete(r.tenants, tenant)
}
