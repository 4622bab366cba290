// Package media settles what is sent of a file that stands inline in a
// request. Gemini takes few types, and one file that it refuses fails the whole
// conversation, since clients send their history with every turn. So the type
// is made right (by the declared type, the name, and the first bytes), base64
// is cleaned, and what Gemini cannot read is turned into something it can: the
// first frame of a GIF as PNG, SVG as its text. What is left becomes a line of
// text that says what stood there. Archives, which Office files are, are not
// unpacked.
//
// A file that is fit already is not copied.
package media
