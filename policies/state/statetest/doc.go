// Package statetest is the conformance suite of stores. Every store runs it:
// memory, redis with a real server, and the guard over both.
package statetest
