// Package media decides what is sent for an inline file of a request. Gemini
// takes few types, and one file that it refuses fails the whole conversation,
// since clients send their history with every turn. So the type is corrected
// (by the declared type, the name, and the first bytes), base64 is cleaned, and
// files that Gemini cannot read are converted to something it can read: the
// first frame of a GIF as PNG, SVG as its text. Any other file is replaced by a
// line of text that describes it. Archives, which Office files are, are not
// unpacked.
//
// A file that needs no change is not copied.
package media
