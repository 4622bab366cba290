package account

import (
	"math"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// uncounted is the use of a quota that the store did not count: it counts only
// quotas with limits, so when the first limit is learned it knows nothing of
// the minute that reached it. Without this, the group would be sent a second
// full minute as soon as the first cooldown ends, and refuse most of it.
//
// Until a minute after the store has begun to count, each replica stays within its
// part of the limit: as much as it had sent in the minute before, since all that was
// sent together is what hit the limit, or an even part, whichever is more. A single
// one has the whole limit.
//
// The zero value has nothing uncounted.
type uncounted struct {
	sent *minute // nil: nothing was sent
	had  amount  // what was sent in the minute before
	of   int64   // replicas
	ends time.Time
}

// sending counts what is sent.
func (u *uncounted) sending(now time.Time, tokens int64) {
	if u.sent == nil {
		u.sent = new(minute)
	}
	u.sent.add(now, now, 1, tokens)
}

// correct changes what was counted at a time.
func (u *uncounted) correct(now, at time.Time, requests, tokens int64) {
	if u.sent != nil {
		u.sent.add(now, at, requests, tokens)
	}
}

// begin notes that the store has counted since a time, for so many replicas. Where
// another replica has learned the limit, that may have been long ago.
func (u *uncounted) begin(now, since time.Time, replicas int) {
	u.had, u.of, u.ends = amount{}, int64(max(replicas, 1)), since.Add(minuteSeconds*time.Second)
	if u.sent != nil {
		u.sent.roll(now)
		u.had = u.sent.sum
	}
}

// until is when there is room for a request, as far as the store does not know it
// itself; the zero time if there is now.
func (u *uncounted) until(now time.Time, limits state.Rates, tokens int64) time.Time {
	if u.sent == nil || !u.ends.After(now) {
		return time.Time{}
	}
	rest := amount{math.MaxInt64, math.MaxInt64}
	if limits.Requests > 0 {
		rest.requests = u.part(limits.Requests, u.had.requests) - 1
	}
	if limits.Tokens > 0 {
		part := u.part(limits.Tokens, u.had.tokens)
		rest.tokens = part - min(tokens, part)
	}
	if t := u.sent.until(now, rest); t.Before(u.ends) {
		return t
	}
	return u.ends
}

// part is this replica's part of a limit, at least 1.
func (u *uncounted) part(limit, had int64) int64 {
	return min(limit, max(had, limit/u.of, 1))
}
