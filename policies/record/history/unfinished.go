package history

import "github.com/heald-proxy/heald/policies/record"

// Unfinished is a request of whose end nobody tells, as its attempts tell of it;
// there is one at least.
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
