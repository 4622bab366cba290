// Package record is what may be told of an attempt and of a request once they
// have ended: who asked for what, where it went, what came of it, what it used
// and what that costs. It holds no prompt, no answer and no credential.
//
// The life of a record: the exchange builds an Attempt when an attempt ends, and
// a Request when the request ends with it, and hands them to a Recorder, mostly
// a Fan. Labels, the metrics, count them at once. Every other sink stands behind
// a Queue of its own: handing over never blocks and never fails, what does not
// fit is dropped and counted, and one goroutine per queue writes what is there.
// Close writes the rest, within a deadline.
//
// Each attempt has a record of its own, also one that another attempt follows,
// since each may be billed. Attempts of one request may end at several replicas,
// so sums of tokens and money add up attempts, never the totals of requests: a
// Request holds what the replica of the last attempt knows.
//
// The two lines of the log about an attempt and a request are the records
// themselves, under the names of their JSON.
//
// Prices are in package price, the JSON-lines file in package file. The sinks
// that need a network are elsewhere: the span exporter in cmd/heald/otlp, a
// stream of the shared store by way of Appender here. Package history remembers
// requests for the page on the admin listener, package story puts them in words.
package record
