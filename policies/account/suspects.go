package account

import "time"

// suspects are failures for which the request itself may be to blame. Who holds
// them guards them.
type suspects map[suspect]suspicion

// suspect is what is suspected of what.
type suspect struct {
	Subject
	cause string
}

// again notes that a request failed in a way for which it may be to blame. It
// reports whether another request failed in the same way lately, and nothing was
// answered since: then the subject is to blame. Suspicions end with a success;
// see acquit.
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
