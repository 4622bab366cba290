package main

import (
	"context"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
)

// report is what the admin listener tells of accounts.
func (s *sidecar) report() accounts.Report {
	all := s.policy.accounts()
	all.Refresh(context.Background()) // it bounds itself
	r := accounts.Report{Status: all.Status(time.Now())}
	var seen time.Time
	if r.Replica, r.State, seen = s.state.report(); !r.State.Up {
		r.AsOf = seen // what this replica knows by itself says nothing of the others
	}
	for _, t := range s.policy.current.Load().Tenants() {
		r.Tenants = append(r.Tenants, accounts.Tenant{Name: t.Name, Disabled: t.Disabled, Weight: t.Weight, MaxConcurrency: t.MaxConcurrency, Limits: t.Limits})
	}
	return r
}
