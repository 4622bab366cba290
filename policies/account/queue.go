package account

import (
	"cmp"
	"math"
	"slices"
)

// Queue decides which waiting request is admitted next: that of the tenant with
// the least virtual service (its service, divided by its weight), and within a
// tenant retries before new requests, first come first served. So whatever other
// tenants ask for, no tenant with waiting requests gets less than its share, by
// weight, minus L (1 + (n-2) w/W), where L is the largest request, w its weight and
// W that of the n tenants that wait. That is less than twice the largest request
// where weights are equal. TestQueueIsFair has the proof.
//
// It counts what requests are charged as they are admitted. Charge can correct that
// later, and then puts the tenant behind, or ahead, by as much more.
//
// What other replicas have served counts as well: it puts a tenant behind by at
// most mostBehind more; see ChargeElsewhere.
//
// A tenant without waiting requests saves up no credit: when it returns, it
// starts at the least virtual service of those that wait. A Queue is not safe
// for concurrent use; its holder guards it. It starts no goroutines.
type Queue[T any] struct {
	most    int // bound on waiters
	waiting int
	arrived uint64
	tenants map[string]*queuedTenant[T]
	active  []*queuedTenant[T] // those with waiters, in no order
	highest float64            // of all virtual services so far
}

// Waiter is a request that waits. Its fields are not changed while it does.
type Waiter[T any] struct {
	Tenant string
	// Weight is the tenant's; 0 and less count as 1.
	Weight float64
	// Service is what the request is likely to cost: input plus four times
	// output tokens. It is charged as the request is admitted.
	Service float64
	// Retry puts the request in front of the tenant's new ones.
	Retry bool
	// Line separates requests that wait for different things, such as other
	// models: a waiter that cannot be served holds back only those behind it in
	// its tenant's line, so that smaller requests do not overtake it forever.
	Line string
	// Value is the caller's.
	Value T

	arrival uint64
}

// queuedTenant is a tenant, with those who wait in the order of their admission.
type queuedTenant[T any] struct {
	name    string
	virtual float64 // service divided by weight
	waiters []*Waiter[T]
}

// mostTenants bounds the tenants that are remembered while they wait for
// nothing.
const mostTenants = 10_000

// NewQueue makes a queue of at most so many waiters.
func NewQueue[T any](most int) *Queue[T] {
	return &Queue[T]{most: most, tenants: map[string]*queuedTenant[T]{}}
}

// Full reports whether the queue is full.
func (q *Queue[T]) Full() bool { return q.waiting >= q.most }

// Push adds a waiter. It reports false if the queue is full.
func (q *Queue[T]) Push(w *Waiter[T]) bool {
	if q.Full() {
		return false
	}
	t := q.tenant(w.Tenant)
	if len(t.waiters) == 0 {
		t.virtual = max(t.virtual, q.least())
		q.active = append(q.active, t)
	}
	q.arrived++
	w.arrival = q.arrived
	at := len(t.waiters)
	if w.Retry {
		at, _ = slices.BinarySearchFunc(t.waiters, false, func(w *Waiter[T], _ bool) int {
			if w.Retry {
				return -1
			}
			return 0
		})
	}
	t.waiters = slices.Insert(t.waiters, at, w)
	q.waiting++
	return true
}

// Pop removes the next waiter that can be served, and charges its tenant; nil if
// there is none. can is that of Next.
func (q *Queue[T]) Pop(can func(*Waiter[T]) bool) *Waiter[T] {
	w := q.Next(can)
	if w != nil {
		q.Remove(w)
		q.Charge(w.Tenant, w.Weight, w.Service)
	}
	return w
}

// Next is the next waiter that can be served, which keeps waiting; nil if there
// is none. can must not block and must not call the queue. It is called for the
// first waiter of each line until it returns true.
func (q *Queue[T]) Next(can func(*Waiter[T]) bool) *Waiter[T] {
	slices.SortFunc(q.active, func(a, b *queuedTenant[T]) int {
		return cmp.Or(cmp.Compare(a.virtual, b.virtual), cmp.Compare(a.waiters[0].arrival, b.waiters[0].arrival))
	})
	for _, t := range q.active {
		var refused []string // lines whose first cannot be served
		for _, w := range t.waiters {
			if slices.Contains(refused, w.Line) {
				continue
			}
			if can(w) {
				return w
			}
			refused = append(refused, w.Line)
		}
	}
	return nil
}

// Remove removes a waiter that gave up. It reports false if it does not wait any
// more.
func (q *Queue[T]) Remove(w *Waiter[T]) bool {
	t := q.tenants[w.Tenant]
	if t == nil {
		return false
	}
	i := slices.Index(t.waiters, w)
	if i < 0 {
		return false
	}
	q.take(t, i)
	return true
}

// Charge adds service to a tenant: what Next returned, when it is admitted, and,
// once it is known, the difference between what a request was charged and what
// it took, which may be negative.
func (q *Queue[T]) Charge(tenant string, weight, service float64) {
	t := q.tenant(tenant)
	t.virtual += service / positive(weight)
	q.highest = max(q.highest, t.virtual)
}

// positive returns a weight; 0 and less mean 1.
func positive(weight float64) float64 {
	if weight <= 0 {
		return 1
	}
	return weight
}

// mostBehind bounds how far behind those that wait a tenant is put for what other
// replicas have served it: by two requests with the largest context that models
// take, a million tokens. So once the others serve it no more, its turn comes here
// after as much as that.
const mostBehind = 2 << 20

// ChargeElsewhere adds service of other replicas to a tenant, already divided by
// its weight.
func (q *Queue[T]) ChargeElsewhere(tenant string, service float64) {
	t := q.tenant(tenant)
	t.virtual = max(t.virtual, min(t.virtual+service, q.least()+mostBehind))
	q.highest = max(q.highest, t.virtual)
}

// Len is how many requests of a tenant wait.
func (q *Queue[T]) Len(tenant string) int {
	if t := q.tenants[tenant]; t != nil {
		return len(t.waiters)
	}
	return 0
}

// each calls f for each tenant of which requests wait, in no order.
func (q *Queue[T]) each(f func(tenant string, waiting int)) {
	for _, t := range q.active {
		f(t.name, len(t.waiters))
	}
}

// Any is one of those who wait; nil if nobody does.
func (q *Queue[T]) Any() *Waiter[T] {
	if len(q.active) == 0 {
		return nil
	}
	return q.active[0].waiters[0]
}

// Waiting is how many requests wait.
func (q *Queue[T]) Waiting() int { return q.waiting }

// take takes a tenant's waiter out.
func (q *Queue[T]) take(t *queuedTenant[T], i int) {
	t.waiters = slices.Delete(t.waiters, i, i+1)
	q.waiting--
	if len(t.waiters) == 0 {
		q.active = slices.DeleteFunc(q.active, func(a *queuedTenant[T]) bool { return a == t })
	}
}

// least is where a tenant starts: at the least virtual service of those that
// wait. If none waits, all are equal, at the highest: service that nobody had to
// wait for does not count against them.
func (q *Queue[T]) least() float64 {
	if len(q.active) == 0 {
		return q.highest
	}
	least := math.Inf(1)
	for _, t := range q.active {
		least = min(least, t.virtual)
	}
	return least
}

// tenant finds a tenant, or makes one.
func (q *Queue[T]) tenant(name string) *queuedTenant[T] {
	t := q.tenants[name]
	if t == nil {
		q.makeRoom()
		t = &queuedTenant[T]{name: name, virtual: q.least()}
		q.tenants[name] = t
	}
	return t
}

// makeRoom keeps the number of tenants bounded. Those go first that would start
// again where they are, then others that wait for nothing. It makes room for
// many at once, since it looks at all.
func (q *Queue[T]) makeRoom() {
	if len(q.tenants) < mostTenants+len(q.active) {
		return
	}
	least := q.least()
	for _, all := range []bool{false, true} {
		for name, t := range q.tenants {
			if len(q.tenants) <= mostTenants*9/10+len(q.active) {
				return
			}
			if len(t.waiters) == 0 && (all || t.virtual <= least) {
				delete(q.tenants, name)
			}
		}
	}
}
