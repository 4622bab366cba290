// Package account holds the credentials that attempts use and chooses among
// them.
//
// An account is one credential usable at one backend. Accounts of one Google
// project at one place are a quota group: they share the quota of each model. A
// failure or a limit belongs to one of four things ([Scope]): the account, the
// group, who pays for it, or the backend. Mixing these up would keep back what
// works and use what does not.
//
// One request's way through: an attempt comes with a plan, which lists models
// at backends in order of preference ([Candidate]), and with what it wants
// ([Want]). [Accounts.Acquire] ranks the accounts that it may ask now: none
// that is kept back (book.go), whose backend has an outage (outage.go), or that
// has no room. The first model and the first backend with a ready account win;
// there the group with the best [Score], and its emptiest account. The best
// four go to the store, which takes the first that has room and the tenant's
// slot and budgets in one step. If no account is ready, the request waits in a
// queue that is fair to tenants (waiting.go), is woken by the end of an attempt
// or at a known time, and is refused with that time if it is too far off
// ([Unavailable]).
//
// The result is a [Lease]: one account for one attempt. [Lease.Note] applies
// what a reply says of the account, its group and its backend; [Lease.Correct]
// gives back what was reserved too much for the prompt, once that has been
// counted (correct.go); [Lease.Done] ends it, whatever ended the attempt. Every
// entry of the book has a number, and a lease keeps the last one of its
// beginning, so a late success does not lift a later cooldown.
//
// A long cooldown may be probed: one request at a time, over all replicas,
// finds out whether it is over (probe.go, probing.go).
//
// The rules by which a scheduler chooses stand one to a file, with no locks, no
// goroutines and no clock of their own. In the order in which a request meets
// them: [Estimator] guesses its tokens; [Home] finds the group that has its
// prompt cached; [Health], [LargerUse], [Pace] and [Score] rank the groups;
// [Breaker], [Shed], [Capacity] and [Learned] avoid those that would fail or
// refuse; [Queue] chooses the next waiting request.
//
// Where replicas share a store, cooldowns, breakers and learned limits are
// small documents in it, written in the background (share.go) and read with a
// snapshot (snapshot.go); of two versions of one document the later generation
// wins. Slots, rates and probes are exact over all replicas, ranking is not.
//
// Accounts without limits, where nobody shares the store, cost no store call and
// no goroutine.
package account
