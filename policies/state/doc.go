// Package state is what replicas of heald share, behind one interface: [Store].
//
// One request's way through it: before an attempt goes upstream, [Store.Take]
// takes its tenant's slot and budget and an account's slot and quota, in one
// atomic step and one round trip; as soon as upstream has counted the prompt,
// [Store.Correct] makes of what was guessed of it what it has; after the attempt's
// end, whatever ended it, [Store.Settle] gives the slots back and corrects what was
// reserved to what was used. Between the two heartbeats compare what each replica holds with what the
// store knows: slots of one that died come back, and so does what a call took or
// reserved whose answer was lost. What a dead replica had reserved of budgets counts
// as used.
//
// What is rare (a cooldown, a breaker that opens, a limit that was learned) is a
// small document that [Store.Change] changes by compare and swap; everybody
// reads it in [Store.Snapshot].
//
// Slots, reservations, money and probes are exact. What ranking reads from a
// snapshot may be a quarter of a second old.
//
// There are two stores, with one conformance suite: memory (of one process) and
// redis.
//
// A [Guard] stands before a shared store. It gives each call a deadline; after
// three that were missed one after the other, or three seconds in which it could not be
// read or refused its work, this replica works by itself until the store answers,
// with its part of each limit: the limit divided by the replicas. One that is cut
// off cannot know whether the others are, too. So at first it takes of an account
// no more than it held and its part of what was free lately; and the others leave
// it its part for a minute after they have missed it. So no account has more
// attempts than its limit, whoever is cut off; after that minute the others use
// the whole limit again, since most replicas that vanish have died. Limits below
// the number of replicas are 1 at each of them.
//
// Rates hold likewise in parts. For a minute after a replica begins to work by
// itself it takes no more than what it had used and its part of what was free, by
// the last snapshot; for a minute after it has rejoined the store it stays within
// its part, since the store does not know what was sent meanwhile; if the store
// loses its data in that minute, its own minutes begin half used instead. Nor does it ever
// learn what of a day was: that may exceed its limit by as much. What a replica
// spends of budgets it tells the shared store afterwards.
package state
