package exchange

import (
	"errors"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/tenant"
)

// wantOfTenant adds to a want the estimate of what the attempt takes of its
// tenant's limits. The actual usage is settled afterwards.
func (a *attempt) wantOfTenant(w *account.Want, estimate tenant.Estimate) {
	t := a.caller.Tenant
	w.Tenant, w.Weight, w.MaxWaiting = t.Name, float64(t.Weight), max(t.Waiting(), 0)
	w.Rivals = len(a.tenants.Tenants()) > 1
	if t.Waiting() == 0 {
		w.MaxWait = 0 // none waits
	}
	if !a.tenants.Asks() {
		return // everybody, without limits
	}
	w.Limits = func(now time.Time) (*state.TenantWant, error) {
		t, denied := a.tenantNow(now)
		if denied != nil {
			return nil, denied
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

// tenantNow is the caller's tenant as configured now: while the request waited,
// files may have changed, and its key may have expired.
func (a *attempt) tenantNow(now time.Time) (*tenant.Tenant, *tenant.Denied) {
	r := a.x.tenants.Load()
	caller, denied := r.Recheck(a.caller, now)
	if denied == nil && r != a.tenants {
		denied = a.x.mayUse(caller.Tenant, a.req.Model)
	}
	return caller.Tenant, denied
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
	case account.TenantReserved:
		return a.deny(&tenant.Denied{Kind: tenant.Reserved, Tenant: t.Name, Limit: u.What, RetryAfter: u.RetryAfter})
	case account.TenantBudget:
		taken := state.Taken{Tenant: u.What, TenantReady: u.Until}
		if d := t.Refused(&taken, a.reserved, time.Now(), u.RetryAfter); d != nil {
			return a.deny(d)
		}
	}
	return nil
}
