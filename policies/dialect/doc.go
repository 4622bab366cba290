// Package dialect is what a client API must provide to be spoken by heald.
//
// One folder per dialect decodes requests into the neutral conversation and
// encodes neutral events into replies. One speaks the upstream's own language
// and is the exception to most of what follows: native (Google Gemini).
// To add one, implement [Dialect] in a new folder and add it to the list in
// policies/exchange/dialects.go.
//
// A dialect keeps no state between requests, knows nothing of Gemini, accounts
// or Envoy, and writes each rule of its API once: a reply as one JSON document
// is the same events, folded.
package dialect
