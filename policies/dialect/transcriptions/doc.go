// Package transcriptions speaks the OpenAI API for speech to text:
// transcriptions, in the language that is spoken, and translations into English.
//
// A request is a form with a recording. It becomes a conversation of one
// message: what to do, and the recording. The answer of the model is the
// transcript, which goes out as JSON, as text, or as a stream of events. A
// model tells no times of words, so formats that need them (subtitles,
// segments) are refused by name.
package transcriptions
