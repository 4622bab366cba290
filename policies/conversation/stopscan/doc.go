// Package stopscan ends an answer where a stop sequence appears in its text.
//
// Gemini takes five stop sequences; clients send more. A [Scanner] stands
// between the decoder of the upstream and the sealing of signatures, events in
// and events out. It searches the text of the answer only, not thoughts or the
// arguments of calls, and no sequence spans another event, where the client
// sees a break.
//
// Texts stay in their JSON form and most pass through as they are. What might
// be the beginning of a sequence is held back until the next event decides, so
// at most the longest sequence less one character.
//
// At the sequence the text is cut, an event says that the answer finished and
// by which sequence, and nothing follows. The caller may then disconnect from
// the upstream ([Scanner.Stopped]): what the answer would still have cost is
// unknown, so the finish has the usage known so far.
//
// A Scanner serves one answer; of several candidates each needs its own.
package stopscan
