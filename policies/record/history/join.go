package history

import (
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies/record"
)

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
	if b.Duration == 0 { // only its place in the list is known: of the log's line, or of what the last replica remembered
		return (b.Account == "" || a.Account == "" || b.Account == a.Account) &&
			(!ended || b != last || b.Verdict == a.Verdict && b.Reason == a.Reason)
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
// attempts, and its times are counted from the first. It never writes to r's list
// of attempts, but makes a new one.
func Join(r *record.Request, a record.Attempt) {
	at, found := slices.BinarySearchFunc(r.Attempts, a.Number, func(b record.Attempt, n int) int { return b.Number - n })
	list := slices.Clone(r.Attempts)
	if at < len(list) && !found {
		beginEarlier(r, list[at:], a.Time.Add(-time.Duration(a.Began)))
	}
	a.Origin = record.Origin{} // the request's
	switch {
	case found:
		list[at] = a
	case len(list) >= record.AttemptsKept:
		return
	default:
		list = slices.Insert(list, at, a)
	}
	r.Attempts = list
	r.Tried = max(r.Tried, a.Number)
	r.AddUp()
}

// beginEarlier lets a request begin with an attempt that was lost: it left no
// memory, so that a later one, among those after it, took itself for the beginning
// of the request, and all times are counted from there.
func beginEarlier(r *record.Request, after []record.Attempt, began time.Time) {
	by := record.Duration(r.Time.Sub(began))
	// An attempt of which only a memory tells has no duration.
	at := slices.IndexFunc(after, func(b record.Attempt) bool { return b.Duration > 0 })
	if at < 0 || after[at].Began > 0 || by <= 0 || r.Time.IsZero() || began.IsZero() {
		return
	}
	for i := range after {
		if after[i].Duration > 0 {
			after[i].Began += by
		}
	}
	r.Time, r.Duration = began, r.Duration+by
	if r.FirstByte > 0 {
		r.FirstByte += by
	}
	if r.FirstContent > 0 {
		r.FirstContent += by
	}
}
