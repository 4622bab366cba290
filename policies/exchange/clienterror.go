package exchange

import (
	"slices"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
)

// clientError is the client's error if the verdict is the end of the request:
// the verdict's own, or that of an earlier attempt that says more.
//
// A spent account says nothing about the others. If one of them failed only in
// passing, the client should retry, and gets that failure's error.
func (a *attempt) clientError(r *heal.Verdict) conversation.Error {
	passing := a.passing(r)
	switch {
	case r.Failure == heal.Spent && len(passing) > 0:
		return a.earlierError(r.Client)
	case isMeaningful(r.Reason, r.Status):
		return r.Client
	case r.Failure == heal.Passing && !slices.ContainsFunc(passing, meaningfulTry):
		return r.Client // earlier words would be of an account that is spent
	}
	return a.finalError(r.Client)
}

// passing are the earlier attempts that failed in passing at an account that is
// not known to be spent, also not after this attempt. Failures of a connection
// that may have been idle are left out: they say nothing.
func (a *attempt) passing(r *heal.Verdict) (out []heal.Try) {
	tries := append(slices.Clone(a.memory.Tries), a.try(r))
	for _, t := range a.memory.Tries {
		spent := func(o heal.Try) bool {
			return o.Failure == heal.Spent && o.Backend == t.Backend && o.Account == t.Account && (!o.OfModel || o.Model == t.Model)
		}
		if t.Failure == heal.Passing && t.Reason != heal.ReasonStale && !slices.ContainsFunc(tries, spent) {
			out = append(out, t)
		}
	}
	return out
}

// isMeaningful reports whether a failure tells the client something that an
// earlier attempt's error must not hide: an upstream that replied says more than
// one that could not be reached or did not reply.
func isMeaningful(reason string, status int) bool {
	switch reason {
	case heal.ReasonConnect, heal.ReasonProxy, heal.ReasonStale:
		return false
	}
	return status != 0
}

func meaningfulTry(t heal.Try) bool { return isMeaningful(t.Reason, t.Status) }

// finalError is the error of the earlier attempts if upstream has replied to
// one, or else e: what heald itself says about the end is less useful.
func (a *attempt) finalError(e conversation.Error) conversation.Error {
	if slices.ContainsFunc(a.memory.Tries, meaningfulTry) {
		return a.earlierError(e)
	}
	return e
}

// earlierError is the client's error after the attempt before; e if there was
// none.
func (a *attempt) earlierError(e conversation.Error) conversation.Error {
	if a.memory.Last != nil {
		e = *a.memory.Last
		e.Foreign = true // a memory does not say whose words it has
		e.RetryAfter = 0 // that was a while ago
	}
	return e
}
