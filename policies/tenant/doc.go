// Package tenant says who calls, and what that caller may use.
//
// One request's way through it: [KeysOf] finds the keys that a request shows,
// [Registry.Identify] looks their hashes up and returns the [Caller], or a [Denied]
// that says why there is none. Once the model is known, [Tenant.MayUse] checks
// it with all the models that it stands for. Before an attempt goes upstream
// [Tenant.Want] says what it takes of the tenant's slots and budgets, which
// package state takes in one step; [Tenant.Refused] words what that step has
// refused; after the attempt [Tenant.Settlement] says what was really used. The
// exchange tells a refusal in the words of the client's API; [Denied.Client] is
// the neutral form.
//
// A [Registry] never changes: a reload builds a whole new one, and a request
// keeps the one that it began with. It holds hashes of keys only. The keys that
// heald makes ([Make]) have 256 random bits, so their SHA-256 tells nothing; a
// key that an operator has chosen is only as hard to find as it is to guess,
// which is why it must have [LeastChosen] characters.
//
// Known limits. Which models a name stands for, and what a request will cost,
// are told by the caller. Windows end by UTC; a provider's day may end at
// another hour. A limit is the sum of all replicas as far as the store is.
package tenant
