package exchange

import (
	"slices"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
)

// words is what the client is told should the ruling be the end of the request:
// its own words, or those of an earlier attempt that say more.
//
// A spent account says nothing about the others. While one of them failed only
// in passing, the client should come again, and is told of that failure.
func (a *attempt) words(r *heal.Ruling) conversation.Error {
	passing := a.passing(r)
	switch {
	case r.Failure == heal.Spent && len(passing) > 0:
		return a.earlier(r.Client)
	case meaningful(r.Reason, r.Status):
		return r.Client
	case r.Failure == heal.Passing && !slices.ContainsFunc(passing, meant):
		return r.Client // earlier words would be of an account that is spent
	}
	return a.lastWord(r.Client)
}

// passing are the earlier attempts that failed in passing where nothing is
// spent, also after this one. Those of a connection that may have been idle say
// nothing.
func (a *attempt) passing(r *heal.Ruling) (out []heal.Try) {
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

// meaningful reports whether a failure tells the client something that an
// earlier attempt's error may not hide: an upstream that spoke says more than
// one that could not be reached or said nothing.
func meaningful(reason string, status int) bool {
	switch reason {
	case heal.ReasonConnect, heal.ReasonProxy, heal.ReasonStale:
		return false
	}
	return status != 0
}

func meant(t heal.Try) bool { return meaningful(t.Reason, t.Status) }

// lastWord is what the client is told of the earlier attempts if upstream has
// said anything, or else e: what heald itself has to say about the end says less.
func (a *attempt) lastWord(e conversation.Error) conversation.Error {
	if slices.ContainsFunc(a.memory.Tries, meant) {
		return a.earlier(e)
	}
	return e
}

// earlier is what the client would have been told after the attempt before; e if
// there was none.
func (a *attempt) earlier(e conversation.Error) conversation.Error {
	if a.memory.Last != nil {
		e = *a.memory.Last
		e.RetryAfter = 0 // that was a while ago
	}
	return e
}
