package exchange

import (
	"cmp"
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/price"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/policies/tenant"
)

// costOf is the cost of a usage at today's prices; unknown without prices.
func (x *Exchange) costOf(model, tier string, u *record.Usage) price.Cost {
	if x.prices == nil {
		return price.Cost{}
	}
	return x.prices.Cost(model, tier, time.Now(), u)
}

// cost is what the attempt has cost, in the tier that served it.
func (a *attempt) cost(u *record.Usage) price.Cost {
	if a.x.prices == nil {
		return price.Cost{}
	}
	return a.x.prices.Cost(a.model, cmp.Or(a.tierServed(), pricedTier(a.tierAsked)), a.begunAt, u)
}

// pricedTier is the service tier whose prices apply. Shared capacity is priced
// as the standard tier. Provisioned throughput is paid in advance: its tokens
// are priced as what they would have cost otherwise.
func pricedTier(asked string) string {
	if asked == gemini.Dedicated || asked == gemini.Shared {
		return ""
	}
	return asked
}

// leaveUnpriced removes candidates whose price is unknown, where the operator
// has configured that and the tenant has a budget of money, which could not
// count them. It refuses a request for which no candidate is left.
func (a *attempt) leaveUnpriced() *policies.Reply {
	if a.x.prices == nil || !a.x.prices.Denies() || !a.caller.Tenant.LimitsMoney() || a.counts() {
		return nil
	}
	now := time.Now()
	priced := slices.DeleteFunc(slices.Clone(a.candidates), func(c route.Candidate) bool { return !a.x.prices.Known(c.Model, pricedTier(c.Tier), now) })
	if len(priced) == 0 {
		return a.deny(&tenant.Denied{Kind: tenant.Unpriced, Tenant: a.caller.Tenant.Name, Model: a.req.Model})
	}
	a.candidates = priced
	return nil
}
