// Package responses speaks the OpenAI Responses API to clients, Codex first.
//
// A request arrives as bytes. [Dialect.Decode] walks the body once and asks the
// tables in fields.go and item_fields.go what happens to each field: it has an
// equivalent, is left out (with or without a warning), or makes the request
// fail. What is in no table is left out with a warning; an item or part of an
// unknown type is refused if it holds content. Texts, arguments and schemas
// stay slices of the body.
//
// The input is a flat list of items. Consecutive items of the assistant
// (reasoning, messages, calls) become one message of the model, consecutive
// outputs one of the user. Nothing is stored here, so whatever refers to
// earlier responses is refused.
//
// Tools come in more shapes than the upstream has: in namespaces, as freeform
// text, or as a bare type that the model was trained on. All become functions;
// the shapes are noted in Request.Own, and the encoder restores them.
//
// The answer arrives as events. One machine (machine.go, state.go) turns them into
// items. A sink writes what happens to the items as a stream or waits for the
// response that all of them make, so that the two cannot disagree.
//
// Signatures of the upstream travel with the history, sealed into carriers by
// package heal. Their place is the encrypted_content of the reasoning item
// before the part that they belong to. Those of other services come back too;
// package heal finds that they do not verify.
//
// Known limits: there is no place for the signature of a text; searches follow
// the text that used them, without citations in earlier messages; freeform and
// typed calls are written whole.
package responses
