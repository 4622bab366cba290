// Package account holds the credentials that attempts use and chooses among
// them.
//
// An account is one credential usable at one backend. Accounts of one Google
// project at one place are a quota group: they share the quota of each model.
// A failure or a limit belongs to one of four things ([Scope]): the account, the
// group, who pays for it, or the backend. Mixing these up would rest what is well
// and ask again what is not.
//
// One request's way through: an attempt comes with a plan, which lists models at
// backends in order of preference ([Candidate]), and with what it wants ([Want]).
// [Accounts.Acquire] ranks whom it may ask now: nobody who rests (book.go), whose
// backend is out (outage.go), or who has no room. The first model and the first
// backend win where somebody is ready at once; there the group with the best
// [Score], and its emptiest account. The best four go to the store, which takes
// the first that has room and the tenant's slot and budgets in one step. Where
// nobody is ready, the request waits in a queue that is fair to tenants
// (waiting.go), is woken by the end of an attempt or at the time that is known,
// and is refused with that time if it is too far off ([Unavailable]).
//
// What is got is a [Lease]: one account for one attempt. [Lease.Note] tells what
// a reply says of the account, its group and its backend; [Lease.Correct] gives back
// what was reserved too much for the prompt, once that has been counted (correct.go);
// [Lease.Done] ends it, whatever ended the attempt. Every entry of the book has a number, and a lease
// knows the last one of its time: a late success lifts no later ban.
//
// What rests for long may be probed: one request at a time, over all replicas,
// finds out whether it is well again (probe.go, probing.go).
//
// The rules by which a scheduler chooses stand one to a file, with no locks, no
// goroutines and no clock of their own. In the order in which a request meets
// them: [Estimator] guesses its tokens; [Home] finds the group that has its
// prompt cached; [Health], [LargerUse], [Pace] and [Score] rank the groups; [Breaker],
// [Shed], [Capacity] and [Learned] keep it from those that would fail or refuse;
// [Queue] says who of those that wait comes next.
//
// Where replicas share a store, cooldowns, breakers and learned limits are small
// documents in it, written in the background (share.go) and read with a snapshot
// (snapshot.go);
// of two words about one thing the later generation counts. Slots, rates and
// probes are exact over all replicas, ranking is not.
//
// Accounts without limits, where nobody shares the store, cost no store call and
// no goroutine.
package account
