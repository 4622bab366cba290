// Package chat speaks the OpenAI Chat Completions API to clients.
//
// A request arrives as bytes. [Dialect.Match] knows it by its path;
// [Dialect.Decode] walks the body once, field by field, and asks the tables in
// fields.go what happens to each. Texts and schemas stay slices of the body.
// Only tool arguments, which arrive as JSON within a JSON string, and the
// base64 of data: URLs, which lose their prefix, are copied.
//
// The answer arrives as events. One machine (machine.go, state.go) decides what the
// client gets of them; a sink writes it as chunks or folds it into one
// chat.completion, so that the two cannot disagree. What the encoder must know
// of the request (whether usage was asked for, which tools are freeform,
// whether the client is older than tools) travels in Request.Own.
//
// Signatures of the upstream travel with the history, sealed into carriers by
// package heal. Their place is Google's own:
// extra_content.google.thought_signature of a tool call or message. Most SDKs
// drop fields that they do not know, so a call's carrier is also written behind
// its id, which every client gives back.
//
// Known limits: at most 8 answers per request, and one where the model gives no
// more; results of the upstream's own tools appear as text or citations; audio
// is sent as the upstream returns it.
package chat
