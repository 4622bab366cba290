package state

import "context"

// Used reports what tenants have used of their budgets.
type Used interface {
	// Used returns what each of the tenants has used and reserved of each of its
	// Budgets, in that window, in their order. It takes nothing. An error means that
	// it is unknown.
	Used(ctx context.Context, tenants []*TenantWant) ([][]int64, error)
}

// Used implements Used. It is for people: while the shared store does not
// answer the result is unknown, and a miss here does not count against the
// store.
func (g *Guard) Used(ctx context.Context, tenants []*TenantWant) ([][]int64, error) {
	if g.isDown() {
		return nil, ErrUnavailable
	}
	ctx, cancel := context.WithTimeout(ctx, g.cfg.Rejoin)
	defer cancel()
	return g.remote.Used(ctx, tenants)
}
