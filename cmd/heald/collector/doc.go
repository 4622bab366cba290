// Package collector lets Go's garbage collector run as rarely as the memory of
// the process allows.
//
// The collector runs when the heap has grown by GOGC percent of what was live
// the last time. With Go's own value, 100, a replica whose live heap is 8 MiB
// collects after each further 8 MiB, although it may use hundreds: a seventh of
// its processor time went there. With 400 it collects a quarter as often.
//
// After each collection, [Pacer] reads the size of the live heap and chooses
// GOGC anew (budget.go): large while the heap may grow by that much within half
// of the limit, smaller the more is live, and below 100 if memory is short. The
// growth between two collections is bounded by Go's soft limit, which the caller
// sets (debug.SetMemoryLimit). There is no ballast and no goroutine: the cleanup
// of an object that nobody holds is what runs after a collection.
package collector
