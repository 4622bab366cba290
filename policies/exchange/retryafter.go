package exchange

import (
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// setRetryAfter sets the time after which the client may ask again, where
// upstream refused the request for a while and did not say for how long: until
// the first of its candidates is ready again. It sets nothing if a candidate is
// ready, or if the time is unknown, as with unpaid accounts. Where all
// credentials are refused, no retry helps.
func (a *attempt) setRetryAfter(r *heal.Verdict, e *conversation.Error) {
	refused := e.Kind == conversation.ErrAPI && r.Failure == heal.Spent
	if e.RetryAfter > 0 || r.Row == heal.ReasonUnpaid || !isTemporary(e.Kind) && !refused || a.lease == nil || a.counts() {
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
	e.NoRetry = e.NoRetry || refused && !r.Verdict.Again() && unavailableError(u).NoRetry
	retryAfterUnavailable(e, u)
}

// retryAfterUnavailable sets when the client may ask again, given the reason u
// for which no account is available. An error that says not to retry names the
// end of the state, not the next probe, and only for a quota: every other such
// error needs somebody who repairs it or pays.
func retryAfterUnavailable(e *conversation.Error, u *account.Unavailable) {
	in := u.RetryAfter
	if e.NoRetry || e.Kind == conversation.ErrQuota {
		in = u.Over
	}
	if e.NoRetry && e.Kind != conversation.ErrQuota || u.Kind == account.NoMoney {
		in = 0
	}
	e.RetryAfter = wholeSeconds(in)
}

// isTemporary reports whether an error is one of 429, 503 and 529, which promise
// an answer later.
func isTemporary(k conversation.ErrorKind) bool {
	switch k {
	case conversation.ErrRateLimit, conversation.ErrQuota, conversation.ErrOverloaded:
		return true
	}
	return false
}

// longestRetryAfter is the longest retry-after that clients are sent: a longer
// outage needs somebody who repairs it.
const longestRetryAfter = 24 * time.Hour

// wholeSeconds rounds up to seconds for a retry-after, so that a client that
// obeys it does not come too early. It is 0, for no retry-after, above
// longestRetryAfter.
func wholeSeconds(d time.Duration) int {
	if d <= 0 || d > longestRetryAfter {
		return 0
	}
	return int((d + time.Second - 1) / time.Second)
}
