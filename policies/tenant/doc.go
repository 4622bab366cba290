// Package tenant identifies callers, and says what they may use.
//
// One request's way through it: [KeysOf] finds the keys in a request,
// [Registry.Identify] looks up their hashes and returns the [Caller], or a
// [Denied] that says why there is none. Once the model is known,
// [Tenant.MayUse] checks it with all the models that it stands for. Before an
// attempt goes upstream [Tenant.Want] says what it takes of the tenant's slots
// and budgets, which package state takes in one step; [Tenant.Refused] returns
// the error for what that step has refused; after the attempt
// [Tenant.Settlement] says what was really used. The exchange encodes a refusal
// for the client's API; [Denied.Client] is the neutral form.
//
// A [Registry] never changes: a reload builds a whole new one, and a request
// keeps the one that it began with. It holds hashes of keys only. The keys that
// heald makes ([Make]) have 256 random bits, so their SHA-256 tells nothing; a
// key that an operator has chosen is only as hard to find as it is to guess,
// which is why it must have [LeastChosen] characters.
//
// Known limits. The caller says which models a name stands for, and what a
// request will cost. Windows end by UTC; a provider's day may end at another
// hour. A limit is the sum of all replicas as far as the store is.
package tenant
