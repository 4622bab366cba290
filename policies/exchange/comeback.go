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
// somebody is ready, or where nobody knows. When somebody pays, nobody knows. Where
// the credentials of all are refused, no client comes back with success.
func (a *attempt) comeBack(r *heal.Ruling, e *conversation.Error) {
	refused := e.Kind == conversation.ErrAPI && r.Failure == heal.Spent
	if e.RetryAfter > 0 || r.Rule == heal.ReasonUnpaid || !passesBy(e.Kind) && !refused || a.lease == nil || a.counts() {
		return
	}
	table := a.x.catalog.Table()
	var plan []account.Candidate
	for i, c := range a.candidates {
		if !slices.ContainsFunc(a.candidates[:i], func(o route.Candidate) bool { return destinationOf(o) == destinationOf(c) }) {
			plan = append(plan, account.Candidate{Backend: c.Backend.Name, Model: c.Model, Priority: i, CachedFrom: int64(table.Capabilities(c.Model).CachedFrom)})
		}
	}
	u := a.lease.NextReady(plan, &account.Want{Tenant: a.caller.Tenant.Name, Tokens: a.expect(a.candidates).Input, Request: a.sum})
	if u == nil {
		return
	}
	u.RetryAfter = u.Over // a probe is for one request alone
	e.NoRetry = e.NoRetry || refused && !r.Verdict.Again() && tiredError(u).NoRetry
	comesBack(e, u)
}

// comesBack lets an error say when the client may come back, nobody being ready for
// the reason u. One that says not to try again names the end, not the next probe, and
// only that of a quota: what else is so refused needs somebody who repairs it or pays.
func comesBack(e *conversation.Error, u *account.Unavailable) {
	in := u.RetryAfter
	if e.NoRetry || e.Kind == conversation.ErrQuota {
		in = u.Over
	}
	if e.NoRetry && e.Kind != conversation.ErrQuota || u.Kind == account.NoMoney {
		in = 0
	}
	e.RetryAfter = wholeSeconds(in)
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
