// Package state holds what replicas of heald share, behind one interface:
// [Store].
//
// One request's way through it: before an attempt goes upstream, [Store.Take]
// takes its tenant's slot and budget and an account's slot and quota, in one
// atomic step and one round trip; as soon as upstream has counted the prompt,
// [Store.Correct] replaces the estimate by the count; after the attempt's end,
// whatever ended it, [Store.Settle] gives the slots back and corrects what was
// reserved to what was used. Meanwhile heartbeats compare what each replica
// holds with what the store has: slots of a dead replica come back, and so does
// what was taken or reserved by a call whose answer was lost. What a dead
// replica had reserved of budgets counts as used.
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
// three consecutive misses, or three seconds in which it could not be read or
// refused to work, this replica works by itself until the store answers, with
// its part of each limit: the limit divided by the replicas. One that is cut
// off cannot know whether the others are, too. So at first it takes of an
// account no more than it held and its part of what was free lately; and the
// others leave it its part for a minute after they have missed it. So no
// account has more attempts than its limit, whichever replica is cut off; after
// that minute the others use the whole limit again, since most replicas that
// vanish have died. Limits below the number of replicas are 1 at each of them.
//
// Rates hold likewise in parts. For a minute after a replica begins to work by
// itself it takes no more than what it had used and its part of what was free,
// by the last snapshot; for a minute after it has rejoined the store it stays
// within its part, since the store does not know what was sent meanwhile; if
// the store loses its data in that minute, its own minutes begin half used
// instead. Requests of that time are never added to a day's count, so a day's
// limit may be exceeded by as many. What a replica spends of budgets is
// reported to the shared store afterwards.
package state
