package exchange

import (
	"cmp"
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/record"
)

// triesBefore are the attempts before this one, as far as the memory has them,
// and the one that was lost if it was one of this replica.
func (a *attempt) triesBefore() []record.Attempt {
	if len(a.memory.Tries) == 0 && a.memory.Lost == nil {
		return nil
	}
	out := make([]record.Attempt, 0, len(a.memory.Tries)+2) // the lost one, and the attempt itself
	for i, t := range a.memory.Tries {
		before := record.Attempt{
			Asked:  t.Backend != "",
			Number: a.memory.NumberOf(i), Backend: t.Backend, Account: t.Account, Model: policies.Clean(t.Model),
			Verdict: t.Verdict.String(), Reason: t.Reason, Status: cmp.Or(t.Status, t.Replied),
		}
		tell(&before, &t.Used)
		out = append(out, before)
	}
	if l := a.memory.Lost; l != nil && l.Number > 0 {
		lost := record.Attempt{
			Asked: true, Unsettled: true, Number: l.Number, Backend: l.Backend, Account: l.Account, Model: policies.Clean(l.Model),
			Verdict: policies.Retry.String(), Reason: heal.ReasonClientGone, Status: l.Status,
		}
		tell(&lost, &l.Used)
		at, _ := slices.BinarySearchFunc(out, l.Number, func(b record.Attempt, n int) int { return b.Number - n })
		out = slices.Insert(out, at, lost)
	}
	return out
}

// usedSoFar is what the attempt has used until now.
func (a *attempt) usedSoFar() heal.Used {
	so := record.Attempt{Usage: a.usageRecord(), Waited: record.Duration(a.record.waited)}
	a.price(&so)
	return usedBy(&so)
}

// usedBy is what an attempt has used, for those after it.
func usedBy(a *record.Attempt) heal.Used {
	out := heal.Used{Waited: time.Duration(a.Waited).Truncate(time.Millisecond)}
	if u := a.Usage; u != nil {
		out.Known, out.Estimated = true, u.Estimated
		out.Input, out.Output, out.Cached, out.Thinking = u.Input, u.Output, u.Cached, u.Thinking
	}
	if a.Cost != nil {
		out.Priced, out.Guessed, out.Cost = true, a.Estimated, *a.Cost
	}
	return out
}

// tell fills in what an earlier attempt has used.
func tell(a *record.Attempt, u *heal.Used) {
	a.Waited = record.Duration(u.Waited)
	if u.Known {
		a.Usage = &record.Usage{Input: u.Input, Output: u.Output, Cached: u.Cached, Thinking: u.Thinking, Estimated: u.Estimated}
	}
	if u.Priced {
		cost := u.Cost
		a.Cost, a.Estimated = &cost, u.Guessed
	}
}

// addUp adds what earlier attempts have used to the request's sums, also those
// of which the memory has no more than that.
func (a *attempt) addUp(r *record.Request) {
	dropped := record.Attempt{}
	tell(&dropped, &a.memory.Before)
	all := r.Attempts
	r.Attempts = append([]record.Attempt{dropped}, all...)
	r.AddUp()
	r.Attempts = all
	if r.Cost != nil && r.PriceVersion == "" && a.x.prices != nil {
		r.PriceVersion = a.x.prices.Version() // that of the earlier ones, but for a reload
	}
}
