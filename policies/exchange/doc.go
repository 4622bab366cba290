// Package exchange leads one client request through its attempts: it joins
// the dialects, the upstream's renderer and decoder, the healing rules and the
// accounts into a [policies.Policy].
//
// What happens to one attempt, in order:
//
//  1. RequestHeaders: dialect from the path (policies/endpoint), settings from
//     the route, memory of earlier attempts (attempt.go).
//  2. RequestBody: decode, answer side requests here if the route wants it
//     (local.go, policies/shortcut), list the candidates (policies/route),
//     choose one and an account (choose.go), verify signatures, render, or repair in place where the
//     client speaks the upstream's own language (request.go, direct.go).
//  3. ResponseHeaders, ResponseBody: hold and peek (peeking.go), then
//     translate (response.go); or collect an error body (errorreply.go). What
//     the first piece says of the prompt's size corrects what is reserved for it
//     (correct.go). A passed reply that breaks off may be completed (resume.go).
//  4. A reply that is not good is judged (policies/heal) and becomes one
//     marked reply, which is also the right error should it be the last
//     (verdict.go).
//  5. Close: one log line, counters, effects on accounts (close.go).
//
// An attempt keeps at most peek.max_bytes of a streamed reply, or the whole of
// a reply that goes out as one document. Nothing outlives the attempt but
// what the memory carries, and the signatures that clients may lose.
package exchange
