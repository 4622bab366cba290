package history

import (
	"slices"

	"github.com/heald-proxy/heald/policies/record"
)

// AttemptsKept bounds the attempts of one request.
const AttemptsKept = 32

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
