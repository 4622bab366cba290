package main

import (
	"context"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/tenant"
)

// usedTime bounds how long a report waits for what tenants have used.
const usedTime = time.Second

// report is the admin listener's report on accounts.
func (s *sidecar) report() accounts.Report {
	all := s.policy.accounts()
	all.Refresh(context.Background()) // it bounds itself
	now := time.Now()
	r := accounts.Report{Status: all.Status(now)}
	var seen time.Time
	if r.Replica, r.State, seen = s.state.report(); !r.State.Up {
		r.AsOf = seen // this replica's own knowledge is not about the others
	}
	if c := s.configuration.Load(); c != nil {
		r.Configuration = *c
		r.Configuration.Loaded = c.Loaded.UTC().Truncate(time.Second)
	}
	r.Tenants = s.tenants(now)
	return r
}

// tenants describes tenants, and how much of their limits they have used if the
// store says so.
func (s *sidecar) tenants(now time.Time) (out []accounts.Tenant) {
	list := s.policy.current.Load().Tenants()
	wants := make([]*state.TenantWant, len(list))
	for i, t := range list {
		if wants[i] = t.Want(tenant.Estimate{}, now); wants[i] == nil {
			wants[i] = &state.TenantWant{Name: t.Name}
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), usedTime)
	defer cancel()
	used, err := s.state.used.Used(ctx, wants)
	for i, t := range list {
		one := accounts.Tenant{Name: t.Name, Disabled: t.Disabled, Models: t.Models, Weight: t.Weight, MaxConcurrency: t.MaxConcurrency, Limits: t.Limits}
		if n := t.Waiting(); n >= 0 {
			one.MaxWaiting = &n
		}
		for j, b := range wants[i].Budgets {
			if j == 0 {
				one.Until = map[string]time.Time{}
			}
			if _, w, _ := tenant.ParseLimit(b.Name); w != tenant.Total {
				one.Until[b.Name] = b.Ends
			}
			if err != nil {
				continue
			}
			if j == 0 {
				one.Used = map[string]float64{}
			}
			one.Used[b.Name] = tenant.InUnits(b.Name, used[i][j])
		}
		out = append(out, one)
	}
	return out
}
