// Package redis is the store that replicas share, in a Redis of 7.0 or later.
//
// A Take is one script: it takes of the tenant and of an account and its group, or
// nothing. In a cluster it is two in one round trip, since the tenant's hash tag is
// another one than the pool's, so that they may be on different nodes. There, if
// one refuses, what the other took is given back at once, but others may have been
// refused for it meanwhile: so who was refused in the last second looks first, by two
// scripts that take nothing, and one round trip more. Each script is atomic, its clock
// is Redis's TIME, and after it an account's or tenant's n is the sum of its
// replicas' shares.
// Settlements, and the corrections before them, are queued and sent together, in
// order, by one goroutine.
//
// Nothing is sent twice: a lost answer may have been a success. Only NOSCRIPT
// says for certain that nothing was done. So a replica keeps a [ledger] of what
// it holds and compares it with its shares at every heartbeat; differences that
// calls on their way cannot explain are corrected. What was given up after
// Timing.Background, and is done after a heartbeat has corrected it, counts
// twice until the next one.
//
// Likewise with budgets. A window's use has in it what replicas have reserved, and
// beside it stands what each has reserved: what nobody holds is given back by the
// next heartbeat. What may have been used counts as used, by its estimate: what a
// dead replica had reserved, and what a settlement was to correct whose outcome is
// not known; but what the correction of an attempt under way was to give back is
// nobody's from then on, and is given back. A late correction of budgets is left out, since each has the name of
// its heartbeat.
//
// A replica that is silent for Timing.Silent is reaped by the next heartbeat of
// another. It may still live, and only be late. Then the others can take what
// it held of an account beyond its part of the limit (with on_error: closed, or
// of a tenant, all that it held), and at most so many slots too many are in
// use. At its next Take or heartbeat it states what it holds, before it is
// given anything, and nobody is given a slot until fewer are in use than there
// are.
//
// Data that was lost (FLUSHALL, a failover to an empty replica) is noticed by the
// incarnation, a random name in the data: scripts refuse a replica that knows
// another one, until it has said in a heartbeat what it holds. Slots are not
// given away until as many replicas as before have done so, or for a heartbeat
// and a fifth. A minute's rates begin at half their limits, budgets at the
// largest total that a replica remembers. What a failover loses without losing
// the incarnation, the last moments before the master's death, is corrected by
// the next heartbeats.
//
// Keys, with the prefix h1: as the schema's version:
//
//	h1:{p:POOL}:a:ACCOUNT   hash, 3 min   n in use, r:REPLICA its share
//	h1:{p:POOL}:g:GROUP     hash, 26 h    w:MODEL a window, packed; w: the one that models share for which
//	                                      there is no room; f the second in which room was made last
//	h1:{p:POOL}:d           hash          documents, each with its end
//	h1:{p:POOL}:s           hash, 26 h    what a snapshot tells; incarnation
//	h1:{p:POOL}:reps        sorted set    replica → heartbeat
//	h1:{t:TENANT}           hash          n, r:REPLICA, t:REPLICA its heartbeat, q:REPLICA its name,
//	                                      b:BUDGET its use, v:REPLICA:BUDGET what of it is reserved, vs service
//	h1:{t:TENANT}:SPACE:ID  string        a value, with its end
//	h1:{t:TENANT}:SPACE#:ID string        a counter, with its end
//
// An ACL user needs ~h1:* and +@hash +@string +@sortedset +@keyspace +@scripting
// +@connection +time, and +@stream with record.redis_stream; nothing is published or subscribed to, but for sentinels.
//
// What a script takes of Redis's one thread, the median as the server counts it
// (go test -run '^$' -bench Script ./policies/state/redis; AMD EPYC, two cores
// that others use, too; a script that only increments a counter takes 2 µs):
//
//	take, one place                   20 µs
//	take, the fourth place            31 µs
//	settle                            13 µs
//	tenant's take, two budgets        25 µs
//	both in one step                  48 µs
//	tenant's settle, two budgets      18 µs
//	heartbeat of 100 accounts        190 µs
//
// So a request takes 79 µs of one core, or 33 without a tenant.
package redis
