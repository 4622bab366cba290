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

// RequestSum tells requests apart: it is the same for each attempt of one, and
// for each repetition by a client.
type RequestSum uint64

// suspicion is a failure for which the request itself may be to blame.
type suspicion struct {
	request RequestSum
	since   time.Time
}

// suspicionKey is what is suspected of what.
type suspicionKey struct {
	coolKey
	cause string
}

// Suspect notes that a request failed with an account (for one model, or with
// model "" for any) in a way for which the request itself may be to blame. It
// reports whether another request failed in the same way lately, and nothing
// was answered since: then the account is to blame. Suspicions end with a
// success; see Good.
func (p *Pool) Suspect(id, model, cause string, request RequestSum) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	k := suspicionKey{coolKey{id, model}, cause}
	before, known := p.suspicions[k]
	switch {
	case known && now.Sub(before.since) <= suspicionTime && before.request != request:
		return true
	case known && now.Sub(before.since) <= suspicionTime:
		return false // the same again: it proves nothing, and does not last longer
	}
	if len(p.suspicions) >= mostSuspicions {
		clear(p.suspicions)
	}
	p.suspicions[k] = suspicion{request, now}
	return false
}

// acquit ends the suspicions against a key; p.mu is held.
func (p *Pool) acquit(k coolKey) {
	for s := range p.suspicions {
		if s.coolKey == k {
			delete(p.suspicions, s)
		}
	}
}
