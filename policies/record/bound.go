package record

import "slices"

// AttemptsKept bounds the attempts of one request that are kept.
const AttemptsKept = 32

// mostTried bounds how many attempts a record may tell of.
const mostTried = 1000

// Bound limits the numbers and the list of a record that was read: others can write
// to a stream, a log or a file, and whoever shows the record counts up to them. Of
// the attempts the last ones stay.
func (r *Request) Bound() {
	r.Tried = boundTried(r.Tried)
	if n := len(r.Attempts); n > AttemptsKept {
		r.Tried = max(r.Tried, boundTried(n))
		r.Attempts = slices.Clone(r.Attempts[n-AttemptsKept:]) // lets go of the others
	}
	for i := range r.Attempts {
		r.Attempts[i].Bound()
	}
}

// Bound limits the number of an attempt that was read.
func (a *Attempt) Bound() { a.Number = boundTried(a.Number) }

// Bound limits the record of an entry that was read.
func (e *Entry) Bound() {
	if e.Attempt != nil {
		e.Attempt.Bound()
	}
	if e.Request != nil {
		e.Request.Bound()
	}
}

func boundTried(n int) int { return min(max(n, 0), mostTried) }
