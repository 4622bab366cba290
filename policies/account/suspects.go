package account

import "time"

const (
	// suspicionTime is how long one failure is remembered. A refused credential
	// fails every request; a request that brings its own refusal along is
	// rarely followed by another such one in that time without a success
	// between them.
	suspicionTime = 15 * time.Minute
	// mostSuspicions bounds those that are kept; model names come from clients.
	mostSuspicions = 10_000
)

// RequestSum identifies a request: it is the same for each of its attempts, and
// for each repetition by a client.
type RequestSum uint64

// suspicion is a failure for which the request itself may be to blame.
type suspicion struct {
	request RequestSum
	since   time.Time
}

// suspects are failures for which the request itself may be to blame. Their
// holder guards them.
type suspects map[suspect]suspicion

// suspect is a subject and the failure that it is suspected of.
type suspect struct {
	Subject
	cause string
}

// again notes that a request failed in a way for which it may be to blame. It
// reports whether another request failed in the same way lately, and nothing
// was answered since: then the subject is to blame. Suspicions end with a
// success; see acquit.
func (all suspects) again(now time.Time, s Subject, cause string, request RequestSum) bool {
	k := suspect{s, cause}
	before, known := all[k]
	switch {
	case known && now.Sub(before.since) <= suspicionTime && before.request != request:
		return true
	case known && now.Sub(before.since) <= suspicionTime:
		return false // the same again: it proves nothing, and does not last longer
	}
	if len(all) >= mostSuspicions {
		clear(all)
	}
	all[k] = suspicion{request, now}
	return false
}

// acquit ends the suspicions against a subject.
func (all suspects) acquit(subjects ...Subject) {
	for s := range all {
		for _, is := range subjects {
			if s.Subject == is {
				delete(all, s)
			}
		}
	}
}
