// Package jsonwalk reads the JSON of client requests for the dialects: each
// walks its own objects, this package gives the steps.
//
// A [Reader] walks JSON text and returns slices of it, so that leaves are
// never copied. A [Walker] stands on a place in a request: it reads objects
// and lists, obeys a [Table] of what happens to each field, and names the
// place in errors and warnings. Where that fails, [DecodeSanitized] takes away what
// strict JSON readers refuse but clients send.
//
// The tables are data: a dialect's documentation is made from them. A field
// in no table is left out with a warning, so nothing is lost in silence.
package jsonwalk
