package exchange

import (
	"errors"
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/tenant"
)

// wantOfTenant adds to a want what the attempt takes of its tenant, which is
// estimated. What was really used is settled afterwards.
func (a *attempt) wantOfTenant(w *account.Want, estimate tenant.Estimate) {
	t := a.caller.Tenant
	w.Tenant, w.Weight, w.MaxWaiting = t.Name, float64(t.Weight), max(t.Waiting(), 0)
	w.Rivals = len(a.tenants.Tenants()) > 1
	if t.Waiting() == 0 {
		w.MaxWait = 0 // none waits
	}
	if t.Want(estimate, time.Now()) == nil {
		return
	}
	w.Limits = func(now time.Time) (*state.TenantWant, error) {
		t := a.tenantNow()
		if t == nil {
			return nil, &tenant.Denied{Kind: tenant.Disabled, Tenant: a.caller.Tenant.Name}
		}
		a.reserved = t.Want(estimate, now)
		if a.reserved != nil {
			for _, b := range a.reserved.Budgets {
				if b.Amount > b.Limit && b.Limit > 0 {
					return nil, &tenant.Denied{Kind: tenant.TooLarge, Tenant: t.Name, Limit: b.Name}
				}
			}
		}
		return a.reserved, nil
	}
}

// tenantNow is who calls, as configured now: files may have changed while the
// request waited. nil if the tenant is gone or disabled.
func (a *attempt) tenantNow() *tenant.Tenant {
	r := a.x.tenants.Load()
	if r == a.tenants {
		return a.caller.Tenant
	}
	i := slices.IndexFunc(r.Tenants(), func(t *tenant.Tenant) bool { return t.Name == a.caller.Tenant.Name })
	if i < 0 || r.Tenants()[i].Disabled {
		return nil
	}
	return r.Tenants()[i]
}

// refuseTenant ends a request that its tenant may not make now; nil if the error
// is about something else.
func (a *attempt) refuseTenant(err error) *policies.Reply {
	var denied *tenant.Denied
	if errors.As(err, &denied) {
		return a.deny(denied)
	}
	var u *account.Unavailable
	if !errors.As(err, &u) {
		return nil
	}
	t := a.caller.Tenant
	switch u.Kind {
	case account.TenantSlots:
		return a.deny(&tenant.Denied{Kind: tenant.Slots, Tenant: t.Name, RetryAfter: u.RetryAfter})
	case account.TenantWaiting:
		return a.deny(&tenant.Denied{Kind: tenant.Waiting, Tenant: t.Name, RetryAfter: u.RetryAfter})
	case account.TenantBudget:
		taken := state.Taken{Tenant: u.What, TenantReady: u.Until}
		if d := t.Refused(&taken, a.reserved, time.Now(), u.RetryAfter); d != nil {
			return a.deny(d)
		}
	}
	return nil
}
