// Package jsonwalk reads the JSON of client requests for the dialects, each of
// which walks its own objects with it.
//
// A [Reader] walks JSON text and returns slices of it, so that leaves are never
// copied. A [Walker] knows its place in a request: it reads objects and lists,
// applies a [Table] of what happens to each field, and names the place in
// errors and warnings. If that fails, [DecodeSanitized] removes what strict
// JSON readers refuse but clients send.
//
// The tables are data: a dialect's documentation is made from them. A field in
// no table is left out with a warning, so nothing is lost silently.
package jsonwalk
