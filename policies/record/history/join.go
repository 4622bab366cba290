package history

import (
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies/record"
)

// AttemptsKept bounds the attempts of one request.
const AttemptsKept = 32

// Takes reports whether an attempt that was recorded on its own is one of a request,
// as far as can be told: clients use ids twice, also within a minute. ended says that
// the request's end was recorded.
func Takes(r *record.Request, a *record.Attempt, ended bool) bool {
	last := r.Last()
	if !During(r, a) || ended && last != nil && a.Number > max(last.Number, r.Tried) {
		return false
	}
	at, found := slices.BinarySearchFunc(r.Attempts, a.Number, func(b record.Attempt, n int) int { return b.Number - n })
	if !found {
		return true
	}
	b := &r.Attempts[at]
	if b.Duration == 0 && (!ended || b != last) { // the last replica remembered that it was there
		return b.Account == "" || a.Account == "" || b.Account == a.Account
	}
	return same(b, a)
}

// same reports whether two records are of one attempt. Where they were written,
// times are in whole milliseconds.
func same(a, b *record.Attempt) bool {
	return a.Number == b.Number && a.Verdict == b.Verdict && a.Reason == b.Reason && a.Account == b.Account &&
		time.Duration(a.Duration).Milliseconds() == time.Duration(b.Duration).Milliseconds()
}

// Join puts an attempt that was recorded on its own into its request: in place
// of the one with the same number, about which the last replica knew less, or in
// the order of the numbers. The sums of the request are then those of all its
// attempts. It never writes to r's list of attempts, but makes a new one.
func Join(r *record.Request, a record.Attempt) {
	a.Origin = record.Origin{} // the request's
	at, found := slices.BinarySearchFunc(r.Attempts, a.Number, func(b record.Attempt, n int) int { return b.Number - n })
	list := slices.Clone(r.Attempts)
	switch {
	case found:
		list[at] = a
	case len(list) >= AttemptsKept:
		return
	default:
		list = slices.Insert(list, at, a)
	}
	r.Attempts = list
	r.Tried = max(r.Tried, a.Number)
	sum(r)
}

// sum adds up what the attempts have used. An unknown price makes the sum of the
// others an estimate.
func sum(r *record.Request) {
	r.Usage, r.Cost, r.Estimated, r.Waited = nil, nil, false, 0
	var cost int64
	var priced, unpriced bool
	for i := range r.Attempts {
		a := &r.Attempts[i]
		r.Usage = r.Usage.Add(a.Usage)
		r.Waited += a.Waited
		r.Estimated = r.Estimated || a.Estimated || a.Usage != nil && a.Usage.Estimated
		if a.PriceVersion != "" {
			r.PriceVersion = a.PriceVersion
		}
		switch {
		case a.Cost != nil:
			cost, priced = cost+*a.Cost, true
		case a.Usage != nil:
			unpriced = true
		}
	}
	if priced {
		r.Cost, r.Estimated = &cost, r.Estimated || unpriced
	}
}
