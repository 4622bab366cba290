package exchange

import (
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// findAlternatives reports which other candidates are left: another account,
// another backend, or another model.
func (a *attempt) findAlternatives(seen *heal.Seen) {
	own := a.chosen()
	a.otherAccounts(seen)
	places := 0 // that are worth a try
	for _, c := range a.candidates {
		if c == own || a.exhausted(c) {
			continue
		}
		at := a.outlook(c)
		if !at.Any {
			continue
		}
		ready, other := at.Ready(), c.Backend.Name != a.backend.Name
		if !other && c.Model == a.model { // in another tier: the accounts are the same
			seen.OtherTier = seen.OtherTier || ready && !a.hasLeft(c)
			continue
		}
		if c.Model == a.model && at.In <= a.settings.MaxWait {
			if !seen.BackendAgain || at.In < seen.BackendIn {
				seen.BackendIn = at.In
			}
			seen.BackendAgain = true
		}
		if a.hasLeft(c) {
			continue
		}
		switch {
		case c.Model != a.model:
			seen.ReadyModel = seen.ReadyModel || ready && !at.Held
			seen.LargerModel = seen.LargerModel || a.larger(c.Model, a.model)
		case at.Held:
			seen.HeldBackend = seen.HeldBackend || ready
		default:
			seen.ReadyBackend = seen.ReadyBackend || ready
			if ready {
				places++
			}
		}
		seen.OtherBackend = seen.OtherBackend || other
		seen.OtherModel = seen.OtherModel || !other
	}
	if a.counts() {
		return // a count is not worth another try
	}
	if seen.ReadyModel {
		places++
	}
	attempts := a.settings.Attempts - a.attemptsUsed()
	seen.Last, seen.NoneToSpare = attempts == 1, attempts > 0 && places >= attempts
	seen.Limited = slices.ContainsFunc(a.memory.Tries, func(t heal.Try) bool {
		return t.Model == a.model && t.Reason == heal.ReasonRateLimit
	})
	seen.Failed = slices.ContainsFunc(a.memory.Tries, func(t heal.Try) bool {
		return t.Backend == a.backend.Name && t.Failure == heal.Passing && !t.OfModel && t.Reason != heal.ReasonStale
	})
}

// otherAccounts reports which other accounts of this backend may be asked if
// this one is spent, and which ones of other quota groups if its group is spent.
func (a *attempt) otherAccounts(seen *heal.Seen) {
	id, group := a.account.ID, a.x.accounts.Group(a.account.ID)
	notThis := func(other string) bool { return other != id }
	notGroup := func(other string) bool { return a.x.accounts.Group(other) != group }
	seen.OtherAccount = a.untried(notThis) || a.otherToken(seen)
	seen.AccountSoon, seen.AccountAgain, seen.AccountIn = a.readySoon(notThis)
	g := &seen.Group
	g.Ready = a.untried(notGroup)
	g.Soon, g.Again, g.In = a.readySoon(notGroup)
}

// outlookOf says which accounts of a backend are ready for a model, or when they
// will be.
func (a *attempt) outlookOf(backend, model string, avoid func(id, model string) account.Avoidance) account.Outlook {
	return a.x.accounts.Outlook(account.Candidate{Backend: backend, Model: model}, &account.Want{Count: a.counts(), Avoid: avoid})
}

// untried reports whether an account is ready that the request has not tried.
func (a *attempt) untried(among func(id string) bool) bool {
	return a.outlookOf(a.backend.Name, a.model, func(id, model string) account.Avoidance {
		if v := a.avoid(id, model); !among(id) || v == account.Tried || v == account.Spent {
			return account.Spent
		}
		return account.Fresh
	}).Ready()
}

// untriedAt is untried for all accounts of another backend and model.
func (a *attempt) untriedAt(backend, model string) bool {
	return a.outlookOf(backend, model, func(id, model string) account.Avoidance {
		if v := a.avoid(id, model); v == account.Tried || v == account.Spent {
			return account.Spent
		}
		return account.Fresh
	}).Ready()
}

// readySoon reports whether an account will be ready within the time that a
// request may wait, and whether one of those has failed the request in passing.
func (a *attempt) readySoon(among func(id string) bool) (soon, again bool, in time.Duration) {
	of := func(among func(id string) bool) (bool, time.Duration) {
		o := a.outlookOf(a.backend.Name, a.model, func(id, model string) account.Avoidance {
			if !among(id) {
				return account.Spent
			}
			return a.avoid(id, model)
		})
		return o.Any && o.In <= a.settings.MaxWait, o.In
	}
	if soon, in = of(among); !soon {
		return false, false, 0
	}
	again, _ = of(func(id string) bool { return among(id) && a.failedInPassing(id) })
	return soon, again, in
}

func (a *attempt) failedInPassing(id string) bool {
	return slices.ContainsFunc(a.memory.Tries, func(t heal.Try) bool {
		return t.Failure == heal.Passing && t.Backend == a.backend.Name && t.Account == id
	})
}

// readyIn reports whether a candidate can be asked within a time.
func (a *attempt) readyIn(c route.Candidate, d time.Duration) bool {
	o := a.outlook(c)
	return o.Any && o.In <= d
}
