// Package heal holds the rules that make a broken attempt good: when a reply
// under status 200 is an answer (peek.go), what follows from one that is not
// (rules.go, the verdict table), which change of the body may help
// (repair.go), what the next attempt must know (memory.go), how thought
// signatures travel through clients (carrier.go, seal.go), and what is
// remembered of them for clients that lose them (signatures.go, thread.go), also
// by other replicas (sharedthread.go).
//
// All but what is remembered is a pure function or a value: it decides and seals, and
// performs nothing. policies/exchange applies it.
package heal
