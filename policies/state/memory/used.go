package memory

import (
	"context"

	"github.com/heald-proxy/heald/policies/state"
)

var _ state.Used = (*Store)(nil)

// Used implements state.Used.
func (s *Store) Used(ctx context.Context, tenants []*state.TenantWant) ([][]int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([][]int64, len(tenants))
	for i, want := range tenants {
		out[i] = make([]int64, len(want.Budgets))
		t := s.tenants[want.Name]
		if t == nil && len(s.tenants) >= mostTenants {
			t = s.tenants[""] // which new ones share then
		}
		for j := range want.Budgets {
			if t != nil {
				out[i][j] = t.has(&want.Budgets[j]).amount
			}
		}
	}
	return out, nil
}
