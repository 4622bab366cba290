// Package simulate shows the effect of choosing accounts well: a pool of
// accounts at simulated providers, and the policies that could choose among
// them, in virtual time.
//
//	make simulate       a table, out/simulate.txt, with pictures beside it
//
// One request's way: a [Scenario] says when it arrives, how large it is and how
// long its answer takes; these draws are the same for every policy. A client
// asks the [Policy] for an account, sends the request to the [Provider], and on a
// failure tries again up to three times, with the same back-off for every policy.
// The provider enforces its limits exactly. [Measure] says what came of it, and
// [UpperBound] what no policy could have exceeded.
//
// Everything runs in a bubble of testing/synctest: one goroutine for each
// request, time.Now and time.Sleep in virtual time. Seeds are fixed. Goroutines
// that wake in the same instant run in any order, so the last digit may differ
// from run to run.
//
// What is simplified: an answer's length and time to first content do not depend
// on the provider's load; refused requests do not count against its rates; a
// stream that has begun always reaches its end; clients do not wait for an answer
// before they send a conversation's next request.
package simulate
