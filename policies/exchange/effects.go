package exchange

import (
	"cmp"
	"time"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/tenant"
)

// kinds map a reason of the verdict table to the state of an account that it
// causes, as clients are told it.
var kinds = map[string]account.Kind{
	heal.ReasonRateLimit:    account.RateLimit,
	heal.ReasonQuota:        account.QuotaSpent,
	heal.ReasonUnpaid:       account.NoMoney,
	heal.ReasonCapacity:     account.NoCapacity,
	heal.ReasonServerError:  account.Outage,
	heal.ReasonBadKey:       account.BadCredential,
	heal.ReasonForbidden:    account.Forbidden,
	heal.ReasonPrecondition: account.Refused,
	heal.ReasonNoModel:      account.Refused,
}

// scopes map the scopes of the table's effects to those of package account.
var scopes = map[heal.Scope]account.Scope{
	heal.CoolModel: account.OfAccount, heal.CoolAccount: account.OfAccount,
	heal.CoolQuota: account.OfGroup, heal.CoolGroup: account.OfGroup,
	heal.CoolBilling: account.OfBilling, heal.CoolBackend: account.OfBackend,
}

// apply applies the verdict's effects on later requests to the accounts.
func (a *attempt) apply(seen *heal.Seen, r *heal.Verdict) {
	if r.Row == heal.ReasonBadKey {
		a.credentialRefused(r)
	}
	e := account.Effects{Probe: endOf(seen, r), Limited: r.Limited}
	for _, effect := range []*heal.Effect{&r.Account, &r.Backend} {
		switch effect.Scope {
		case heal.NoEffect:
		case heal.CutCapacity:
			e.NoCapacity = true
		case heal.HoldBackend:
			if !a.counts() {
				e.Failed, e.Doubtful, e.Certain = r.Row, effect.Doubtful, effect.Certain
			}
		default:
			e.Cooldowns = append(e.Cooldowns, cooldown(seen, r, effect))
		}
	}
	if r.Account.Scope != heal.NoEffect && !r.Account.Doubtful && seen.Error != nil && !a.tools {
		for _, q := range seen.Error.Quotas {
			e.Limits = append(e.Limits, account.Quota{ID: q.ID, Metric: q.Metric, Value: q.Value, Dimensions: q.Dimensions})
		}
	}
	a.lease.Note(e)
}

// cooldown converts an effect to a cooldown of package account.
func cooldown(seen *heal.Seen, r *heal.Verdict, e *heal.Effect) account.Cooldown {
	d := account.Cooldown{
		Scope: scopes[e.Scope], Cause: r.Row, Kind: kinds[r.Row],
		OfModel: e.Scope == heal.CoolModel || e.Scope == heal.CoolQuota || e.Scope == heal.CoolBackend && r.OfModel,
		For:     e.For, Within: e.Within, Stated: e.Stated, Doubtful: e.Doubtful, Meanwhile: e.Meanwhile,
		Probes: e.Long(),
		// A server's own errors say little of the account: where there is no other
		// one, the failures of one client must not keep the others.
		Soft: r.Row == heal.ReasonServerError,
	}
	if d.Kind == account.Forbidden && seen.Error != nil {
		d.Said = cmp.Or(account.ProviderReason(seen.Error.Reason), account.ProviderReason(seen.Error.Status))
	}
	if e.Day {
		now := time.Now()
		d.For = []time.Duration{account.DayEnds(now).Sub(now)}
	}
	return d
}

// endOf is how a probe ended that got this verdict.
func endOf(seen *heal.Seen, r *heal.Verdict) account.ProbeEnd {
	switch {
	case r.Backend.Scope != heal.NoEffect:
		return account.ProbeFailed
	case seen.Cut || seen.Details != "":
		return account.ProbeOpen
	}
	return account.ProbeRefused
}

// noteAnswered records that the account and the backend gave a good answer.
func (a *attempt) noteAnswered() { a.lease.Note(account.Effects{Answered: true}) }

// release ends the attempt's lease.
func (a *attempt) release(result account.Result) {
	if a.lease == nil {
		return
	}
	a.lease.Done(a.outcomeOf(result))
}

// outcomeOf is the attempt's end, as package account takes it.
func (a *attempt) outcomeOf(result account.Result) account.Outcome {
	o := account.Outcome{Result: result, Sent: !a.sentAt.IsZero(), Content: a.record.content, Tokens: -1}
	if u := a.usage(); u.Known {
		o.Tokens = int64(u.Input)
	}
	if used := a.billed(); used != nil {
		o.Service, o.Used = used.Service(), a.usedOf(used)
	}
	return o
}

// usedOf converts a usage to the units of what was reserved; nil if nothing was.
func (a *attempt) usedOf(used *tenant.Usage) []int64 {
	if a.reserved == nil {
		return nil
	}
	return a.caller.Tenant.Settlement(state.Receipt{Budgets: a.reserved.Budgets}, used).Used
}
