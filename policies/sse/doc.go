// Package sse cuts a stream of server-sent events into frames, from bytes that
// arrive cut anywhere.
//
// A [Reader] is fed the chunks as Envoy hands them over and returns whole
// frames: the joined data lines of an event, a comment, or bytes that are not
// server-sent events. A provider's 200 reply can hold the latter: a bare JSON
// error after some events, one JSON array of all answers where alt=sse was lost
// on the way, or a proxy's HTML page. They are returned whole, so that the
// caller can recognize them.
//
// Lines may end in LF, CR or CRLF (recorded Gemini streams use CRLF, the others
// LF) and reach tens of megabytes where they carry an image. Only what a chunk
// leaves incomplete is copied, and the work is linear in the bytes however they
// are cut.
//
// The reader owns what it copies; a frame refers to the reader's memory or to
// the chunk, and holds until the next Feed, if the chunk does. Once Next has no
// more the reader needs the chunk no longer.
//
// Format: the "Server-sent events" section of the HTML standard. Deviations: a
// last frame without a blank line after it counts; event types, ids and retry
// times are skipped; a line with an unknown field name is a stray, not ignored.
package sse
