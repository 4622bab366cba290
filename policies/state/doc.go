// Package state is what replicas of heald share, behind one interface: [Store].
//
// One request's way through it: before an attempt goes upstream, [Store.Take]
// takes its tenant's slot and budget and an account's slot and quota, in one
// atomic step and one round trip; after the attempt's end, whatever ended it,
// [Store.Settle] gives the slots back and corrects what was reserved to what was
// used. Between the two a heartbeat states how many slots each replica holds, so
// that those of one that died come back.
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
package state
