// Package dialecttest is what the tests of all dialects share: answers written
// as scripts or made from random bytes, requests as JSON, recorded traffic, and
// checks and benchmarks for every dialect.
package dialecttest
