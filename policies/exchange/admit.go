package exchange

import (
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/tenant"
)

// notFromOuter is the whole message for a request that bypasses the outer
// listener.
const notFromOuter = "this listener only takes requests from the gateway's outer listener"

// throughOuter reports whether a request came through the outer listener.
func (x *Exchange) throughOuter(req *policies.Request) bool {
	return len(x.hop) == 0 || req != nil && x.hop.has(req.Headers.Get(policies.HeaderHop))
}

// admit refuses callers that may not ask anything, and answers probes. Before
// it, only the path of a request is read, which decides the dialect of the
// refusal.
func (a *attempt) admit() *policies.Reply {
	if !a.x.throughOuter(a.in) {
		return a.refuse(heal.ReasonHop, &conversation.Error{Kind: conversation.ErrPermission, Message: notFromOuter})
	}
	if reply := a.answerProbe(); reply != nil {
		return reply
	}
	var shown []string
	if a.tenants.Asks() {
		shown = tenant.KeysOf(a.in)
	}
	caller, denied := a.tenants.Identify(shown, time.Now())
	if denied != nil {
		return a.deny(denied)
	}
	a.caller = caller
	if !a.tenants.Asks() {
		return a.admitBrowser()
	}
	return nil
}

// deniedReasons are the reasons for requests that a tenant's limits deny.
var deniedReasons = [tenant.Kinds]string{
	tenant.NoKey: heal.ReasonClientKey, tenant.UnknownKey: heal.ReasonClientKey, tenant.DamagedKey: heal.ReasonClientKey,
	tenant.ExpiredKey: heal.ReasonClientKey, tenant.Ambiguous: heal.ReasonClientKey,
	tenant.Disabled: heal.ReasonTenantDisabled, tenant.Model: heal.ReasonTenantModel,
	tenant.Slots: heal.ReasonTenantSlots, tenant.Waiting: heal.ReasonTenantWaiting,
	tenant.Budget: heal.ReasonTenantBudget, tenant.Reserved: heal.ReasonTenantBudget, tenant.Spent: heal.ReasonTenantBudget, tenant.TooLarge: heal.ReasonTenantBudget,
	tenant.OutOfMoney: heal.ReasonTenantMoney, tenant.Unpriced: heal.ReasonTenantModel,
}

// deny refuses a request that its tenant may not make, or not now.
func (a *attempt) deny(d *tenant.Denied) *policies.Reply {
	if a.caller.Tenant == nil && d.Tenant != "" { // it is known who it is anyway
		a.record.tenant = d.Tenant
	}
	return a.refuse(deniedReasons[d.Kind], d.Client())
}

// mayUse refuses a model that the tenant may not use: under the name that the
// client asks for, or as one that this name may resolve to.
func (x *Exchange) mayUse(t *tenant.Tenant, model string) *tenant.Denied {
	if len(t.Models) == 0 {
		return nil
	}
	if refused, ok := x.cfg.Models.Allowed(model, t.MayUse); !ok {
		return &tenant.Denied{Kind: tenant.Model, Tenant: t.Name, Model: refused}
	}
	return nil
}
