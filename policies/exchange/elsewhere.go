package exchange

import (
	"slices"

	"github.com/heald-proxy/heald/policies/heal"
)

// elsewhere reports what could be tried after this attempt but the same again:
// another account, another backend, or another model.
func (a *attempt) elsewhere(seen *heal.Seen) {
	own := a.chosen()
	seen.OtherAccount = a.x.pool.Untried(a.backend.Name, a.model, append(a.avoided(a.model), a.account.ID))
	a.accountsAgain(seen)
	places := 0 // that are worth a try
	for _, c := range a.candidates {
		if c == own || a.exhausted(c) {
			continue
		}
		in, left := a.readyIn(c), a.left(c)
		if c.Model == a.model && in <= a.settings.MaxWait {
			if !seen.BackendAgain || in < seen.BackendIn {
				seen.BackendIn = in
			}
			seen.BackendAgain = true
		}
		if left {
			continue
		}
		ready, other := in == 0, c.Backend.Name != a.backend.Name
		switch {
		case c.Model != a.model:
			seen.ReadyModel = seen.ReadyModel || ready && !a.heldBack(c)
			seen.LargerModel = seen.LargerModel || a.larger(c.Model, a.model)
		case a.heldBack(c):
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

// accountsAgain reports which accounts of this backend may be asked, this one
// being spent, though none is both untried and ready.
func (a *attempt) accountsAgain(seen *heal.Seen) {
	in, ok := a.x.pool.Ready(a.backend.Name, a.model, append(a.spent(a.model), a.account.ID))
	if !ok || in > a.settings.MaxWait {
		return
	}
	seen.AccountAgain = slices.ContainsFunc(a.memory.Tries, func(t heal.Try) bool {
		return t.Failure == heal.Passing && t.Backend == a.backend.Name && t.Account != a.account.ID &&
			!slices.Contains(a.spent(a.model), t.Account) && a.x.pool.Remaining(t.Account, a.model) <= a.settings.MaxWait
	})
	seen.AccountSoon, seen.AccountIn = true, in
}
