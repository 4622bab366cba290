// Package memory is the store of one process: what a single replica needs, and
// what a replica works with while the shared store cannot be reached.
//
// One mutex guards everything; each call does a few map lookups under it and
// never blocks. There is no goroutine: what has ended is found by the calls, a
// bounded number of entries each second.
//
// Everything is bounded, since models' names and conversations' ids come from
// clients: windows at mostWindows, documents at mostDocs, values at mostValues
// and mostBytes. Slots are kept only while they are taken.
package memory
