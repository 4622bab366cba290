package main

import (
	"time"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
)

// report is what the admin listener tells of accounts.
func (s *sidecar) report() accounts.Report {
	r := accounts.Report{Status: s.policy.accounts().Status(time.Now())}
	r.Replica, r.State = s.state.report()
	for _, t := range s.policy.current.Load().Tenants() {
		r.Tenants = append(r.Tenants, accounts.Tenant{Name: t.Name, Disabled: t.Disabled, Weight: t.Weight, MaxConcurrency: t.MaxConcurrency, Limits: t.Limits})
	}
	return r
}
