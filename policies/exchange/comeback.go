package exchange

import (
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// comeBack says when a request such as this one may be asked of somebody again,
// where upstream has refused it for a while and did not say for how long: until the
// first of what keeps all of its candidates back is over. Nothing is said where
// somebody is ready, or where nobody knows. When somebody pays, nobody knows.
func (a *attempt) comeBack(r *heal.Ruling, e *conversation.Error) {
	if e.RetryAfter > 0 || r.Rule == heal.ReasonUnpaid || !passesBy(e.Kind) || a.lease == nil || a.counts() {
		return
	}
	table := a.x.catalog.Table()
	var plan []account.Candidate
	for i, c := range a.candidates {
		if !slices.ContainsFunc(a.candidates[:i], func(o route.Candidate) bool { return destinationOf(o) == destinationOf(c) }) {
			plan = append(plan, account.Candidate{Backend: c.Backend.Name, Model: c.Model, Priority: i, CachedFrom: int64(table.Capabilities(c.Model).CachedFrom)})
		}
	}
	input, _ := a.expect(a.candidates)
	e.RetryAfter = wholeSeconds(a.lease.NextReady(plan, &account.Want{Tenant: a.caller.Tenant.Name, Tokens: input, Request: a.sum}))
}

// passesBy reports whether an error is one of 429, 503 and 529: it says that
// somebody will be able to answer later.
func passesBy(k conversation.ErrorKind) bool {
	switch k {
	case conversation.ErrRateLimit, conversation.ErrQuota, conversation.ErrOverloaded:
		return true
	}
	return false
}

// longestRetryAfter is the longest that clients are told to wait: what is out
// for longer needs somebody who repairs it.
const longestRetryAfter = 24 * time.Hour

// wholeSeconds are those of a retry-after, so that who obeys it does not come too
// early; 0, which says nothing, for more than longestRetryAfter.
func wholeSeconds(d time.Duration) int {
	if d <= 0 || d > longestRetryAfter {
		return 0
	}
	return int((d + time.Second - 1) / time.Second)
}
