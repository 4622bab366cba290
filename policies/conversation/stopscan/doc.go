// Package stopscan ends an answer where a stop sequence appears in its text.
//
// Gemini takes five stop sequences; clients send more. A [Scanner] stands
// between the decoder of the upstream and the sealing of signatures, events in
// and events out. It looks at the text of the answer alone, not at thoughts or
// the arguments of calls, and never across an event that is neither: there the
// client sees a break.
//
// Texts stay in their JSON form and most pass through as they are. What might
// be the beginning of a sequence is held back until the next event tells, so
// never more than the longest sequence less one character.
//
// At the sequence the text is cut, an event says that the answer finished and
// by which sequence, and nothing follows. The caller may hang up on the
// upstream then ([Scanner.Stopped]): what the answer would still cost is not
// known, so the finish tells the usage known until there.
//
// A Scanner serves one answer; of several candidates each needs its own.
package stopscan
