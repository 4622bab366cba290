// Package heal holds the rules for repairing a failed attempt: when a reply
// under status 200 is an answer (peek.go), what follows from one that is not
// (rules.go, the verdict table), which change of the body may help (repair.go),
// what the next attempt must know (memory.go), how thought signatures travel
// through clients (carrier.go, seal.go), and what is remembered of them for
// clients that lose them (signatures.go, thread.go), also by other replicas
// (sharedthread.go).
//
// Except for the remembered signatures, everything is a pure function or a
// value; policies/exchange applies the decisions.
package heal
