// Package dialect is what a client API must provide to be spoken by heald.
//
// One folder per dialect decodes requests into the neutral conversation and
// encodes neutral events into replies. One speaks the upstream's own language
// and is the exception to most of what follows: native (Google Gemini). To add
// one, implement [Dialect] in a new folder and add it to the list in
// policies/endpoint/dialects.go. Optional functions are declared in [Features]
// and [EncoderFeatures].
//
// Clients that know several APIs send the form of one on the path of another:
// tools, tool choices, formats, parts, whole bodies. Each form has one reader,
// which every dialect uses; the reply is in the form of the path's API:
// internal/tool and internal/setting read declarations, internal/openai parts
// and calls, claude blocks, responses items. Imports go that way: chat →
// responses → claude → internal. A field of no API is refused by name if it
// holds content, and otherwise left out with a warning.
//
// A dialect keeps no state between requests, and knows nothing of Gemini,
// accounts or Envoy. A reply as one JSON document is the same events, folded,
// so each rule of an API stands once.
package dialect
