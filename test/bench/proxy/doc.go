// Package proxy is the other yardstick of the benchmark: a reverse proxy of
// Go's standard library that changes nothing. A gateway written in Go that does
// everything in one process cannot cost less, so what heald costs beyond it,
// Envoys included, is the price of ext_proc and of heald's work.
//
// Requests arrive over HTTP/1.1, as Envoy sends them to a cluster by default.
// They go on over HTTP/2 in clear text, as all variants of the benchmark do:
// with Google, HTTP/2 is agreed upon in TLS. Each piece of an answer is handed
// on at once, since it is a stream of events. Buffers are used again.
package proxy
