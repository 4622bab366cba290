// Package gemini speaks the Gemini API, of AI Studio and of Vertex AI, in both
// directions.
//
// # Requests
//
// [Render] turns a neutral conversation into a generateContent body that the
// API accepts. In the order of the way through:
//
//   - [Table] says what the model can do. Model differences stand there and
//     nowhere else.
//   - [Names] gives every tool a name that the API allows, and back.
//   - normalise.go makes turns of messages and repairs them: each call is
//     answered in the very next turn, in order, once; answers share a turn
//     with nothing; no part is empty; the first turn is the user's.
//   - schema.go compiles JSON Schemas to the keywords that the API knows;
//     schemaproto.go goes on to the API's own type, for models before 2.5. A
//     [Compiler] remembers the results.
//   - thinking.go, generation.go, output.go, resolution.go, tools.go, builtin.go
//     and settings.go settle what is left.
//   - render.go writes the body, once, into one buffer. Texts, arguments,
//     media and schemas without a fault are copied as the bytes they were.
//
// The same request gives the same bytes, and a growing conversation keeps its
// beginning, so that the upstream's implicit cache works.
//
// What was left out is noted with [conversation.Request.Warn]; a loss that
// would change results, safety or cost is an error that names the field.
//
// # Replies
//
// Frames of a stream, or one unary document, become the neutral events of
// package conversation: [NewDecoderOf], with what the rendered request expects.
// A unary reply is decoded by the same code as a stream of one frame. Events
// about tools that the upstream runs itself have the whole part, so that it can
// be sealed and sent back; grounding.go, textsofar.go and sources.go match the
// sources with the text, and emit them right before the finish. Statuses and
// error bodies become neutral errors.
//
// # Memory
//
// A rendered body is the caller's. The request must not be changed while
// Render runs, and nothing of it is kept. Events refer to the frame they came
// from.
//
// # Known limits
//
// Media by URL is passed on, never fetched. Log probabilities that come in a
// frame without text are attached to an empty text.
package gemini
