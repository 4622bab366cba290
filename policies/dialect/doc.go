// Package dialect is what a client API must provide to be spoken by heald.
//
// One folder per dialect decodes requests into the neutral conversation and
// encodes neutral events into replies. One speaks the upstream's own language
// and is the exception to most of what follows: native (Google Gemini).
// To add one, implement [Dialect] in a new folder and add it to the list in
// policies/endpoint/dialects.go. What only some can do they name in [Features]
// and [EncoderFeatures].
//
// Clients that know several APIs send the form of one on the path of another:
// tools, tool choices, formats, parts, whole bodies. What is plain is read by
// the one reader of those words, wherever it comes, and the reply is that of
// the path: internal/tool and internal/setting read declarations, internal/openai
// parts and calls, claude blocks, responses items. Imports go that way: chat →
// responses → claude → internal. What is of no API is refused by name if it
// holds what was said, else left out with a warning.
//
// A dialect keeps no state between requests, knows nothing of Gemini, accounts
// or Envoy, and writes each rule of its API once: a reply as one JSON document
// is the same events, folded.
package dialect
