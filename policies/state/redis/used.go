package redis

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/heald-proxy/heald/policies/state"
)

var _ state.Used = (*Store)(nil)

// tenantsAtOnce bounds what is asked in one round trip.
const tenantsAtOnce = 500

// Used implements state.Used. Some thousands of tenants take some round trips.
func (s *Store) Used(ctx context.Context, tenants []*state.TenantWant) ([][]int64, error) {
	out := make([][]int64, 0, len(tenants))
	for some := range slices.Chunk(tenants, tenantsAtOnce) {
		pipe := s.client.Pipeline()
		answers := make([]*redis.SliceCmd, len(some))
		for i, want := range some {
			fields := make([]string, len(want.Budgets))
			for j := range want.Budgets {
				fields[j] = "b:" + want.Budgets[j].Name
			}
			if len(fields) > 0 {
				answers[i] = pipe.HMGet(ctx, tenantKey(want.Name), fields...)
			}
		}
		if pipe.Len() > 0 {
			if _, err := pipe.Exec(ctx); err != nil {
				return nil, err
			}
		}
		for i, want := range some {
			used := make([]int64, len(want.Budgets))
			for j := range used {
				text, _ := answers[i].Val()[j].(string) // nil where nothing was used yet
				used[j] = usedOf(text, &want.Budgets[j])
			}
			out = append(out, used)
		}
	}
	return out, nil
}

// usedOf reads a budget as the scripts write it: the newest window's end in ms and
// what it has used, and those of the window before.
func usedOf(text string, b *state.Budget) int64 {
	var newest, used, before, usedBefore, ends int64
	if _, err := fmt.Sscan(text, &newest, &used, &before, &usedBefore); err != nil {
		return 0
	}
	switch ends = b.Ends.UnixMilli(); {
	case ends > newest:
		return 0
	case ends == before:
		return usedBefore
	}
	return used // a clock that is late asks for a window that is over
}
