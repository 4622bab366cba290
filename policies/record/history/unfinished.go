package history

import (
	"time"

	"github.com/heald-proxy/heald/policies/record"
)

// Unfinished is a request without a record of its end, known from its attempts;
// there is at least one.
func Unfinished(attempts []record.Attempt) (r record.Request) {
	first := attempts[0]
	for _, a := range attempts {
		if a.Time.Before(first.Time) {
			first = a
		}
		Join(&r, a)
	}
	r.Origin = first.Origin
	r.Time = began(attempts)
	unfinished(&r)
	return r
}

// JoinUnfinished is Join for such a request.
func JoinUnfinished(r *record.Request, a record.Attempt) {
	Join(r, a)
	unfinished(r)
}

// During reports whether an attempt may be one of a request: ids are not always used
// once. Clocks of replicas may differ. An attempt that was lost is one of a request
// that seems to begin where it ended.
func During(r *record.Request, a *record.Attempt) bool {
	return a.Time.IsZero() || r.Time.IsZero() ||
		!a.Time.Add(time.Duration(a.Duration)).Before(r.Time.Add(-clockSkew)) && !a.Time.After(r.Time.Add(time.Duration(r.Duration)+clockSkew))
}
