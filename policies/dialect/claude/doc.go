// Package claude speaks the Anthropic Messages API to clients.
//
// A request arrives as bytes. [Dialect.Match] knows it by its path, whatever
// the version header says: versions 2023-06-01 and 2026-10-21 differ in fields
// that may be present, not in what they mean. [Dialect.Decode] walks the body
// once, field by field, and asks the tables in fields.go what happens to each:
// it has an equivalent, is left out (with or without a warning), or makes the
// request fail. A field in no table is left out with a warning, so nothing is
// lost silently. Texts, tool inputs and schemas stay slices of the body
// (request → message → block → nested content); only the deepest are read more
// than once.
//
// The answer arrives as events. One machine (machine.go, state.go) decides which blocks
// they make; a sink writes the blocks as a stream or folds them into one
// document, so that the two cannot disagree.
//
// Signatures of the upstream travel with the history, sealed into carriers by
// package heal. This package only knows where they are: the signature of a
// thinking block, the data of a redacted one, the id of a call behind two
// underscores.
//
// Known limits: calls and results of another service's own tools become text;
// the upstream's searches follow the text that used them, and only its last
// block has citations. Content nests at most four deep, walked objects have at
// most 64 fields, and what is not walked may nest as deep as jsontext allows,
// 10,000.
package claude
