package media

import (
	"encoding/binary"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Omit says which files are replaced by a line of text, after the upstream
// refused one without saying which.
type Omit uint8

// What is omitted.
const (
	Nothing Omit = iota
	Odd          // files that are broken or of a rarely supported type
	History      // all but those of the last message
)

// File is a file that stands inline in a request.
type File struct {
	MIME string
	Name string // of the file, "" if it has none
	// Data is base64 as the client wrote it.
	Data conversation.Text
	// Answer says that the file is part of a tool's result, where fewer types
	// are taken.
	Answer bool
	// Last says that it is part of the last message.
	Last bool
	// Native says that the client speaks Gemini's own API, which was recorded
	// to take a PNG that is declared as a JPEG. Such bodies stay as they are.
	Native bool
}

// Sent is what goes upstream for a file: data and their type, or a text.
type Sent struct {
	MIME string
	Data conversation.Text // nil if a text or nothing goes instead
	Text string
	// Why is the warning for the client; "" if nothing was lost.
	Why string
	// Same says that type and data are those of the client.
	Same bool
}

// Converter settles the files of one request.
type Converter struct {
	// Omit is for the second try after a refusal; Omitted counts the files that it
	// replaced.
	Omit    Omit
	Omitted int

	// Gone is called while a conversion waits for those of other requests; its
	// error, if the client has left, ends the wait. nil if the client cannot
	// leave.
	Gone func() error

	converted, checked budget
	ahead              map[*byte]Sent // by the position of the client's data
}

const (
	// headLength is how much base64 is decoded to tell a type.
	headLength = 2048
	// maxText bounds a file that is sent as its text.
	maxText = 512 << 10
)

// Settle decides what is sent upstream for f.
func (c *Converter) Settle(f File) Sent {
	sent := c.settle(f)
	sent.Same = sent.Data != nil && sent.MIME == f.MIME && len(sent.Data) == len(f.Data) && &sent.Data[0] == &f.Data[0]
	return sent
}

// Ahead converts a picture before Settle does. If it is called for the files of
// a conversation, newest first, the oldest ones are skipped if there are too
// many.
func (c *Converter) Ahead(f File) {
	if c.Omit == History && !f.Last || !convertible(f.Data) {
		return
	}
	if sent := c.settle(f); sent.MIME == png && sent.Data != nil {
		if c.ahead == nil {
			c.ahead = map[*byte]Sent{}
		}
		c.ahead[&f.Data[0]] = sent
	}
}

func (c *Converter) settle(f File) Sent {
	if len(f.Data) > 0 {
		if sent, ok := c.ahead[&f.Data[0]]; ok {
			return sent
		}
	}
	data, told, ok := clean(f.Data)
	if !ok {
		return c.placeholder(f, Canonical(f.MIME), 0, "its base64 cannot be decoded")
	}
	if data.Empty() {
		return Sent{Why: "the file is empty; it was left out"}
	}
	head := decode(data, headLength)
	mime, why := kind(Canonical(f.MIME), Canonical(told), f.Name, head)
	if declared := Canonical(f.MIME); f.Native && c.Omit == Nothing && family(mime) == "image" && family(declared) == "image" && Supported(mime) && Supported(declared) {
		mime, why = declared, ""
	}
	switch {
	case c.Omit == History && !f.Last:
		c.Omitted++
		return c.placeholder(f, mime, size(data), "the model backend refused a file of this conversation")
	case c.Omit >= Odd && texts[mime] && mime != plain:
		c.Omitted++
		return Sent{MIME: plain, Data: data, Why: why}
	}
	sent := c.convert(f, mime, data)
	if c.Omit >= Odd && sent.Data != nil && !c.sound(f, sent) {
		c.Omitted++
		return c.placeholder(f, mime, size(data), "the model backend refused a file of this conversation")
	}
	if sent.Why == "" {
		sent.Why = why
	}
	return sent
}

// Kind is the type of a file that is given as bytes; "" if unknown.
func Kind(declared, name string, file []byte) string {
	mime, _ := kind(Canonical(declared), "", name, file[:min(len(file), headLength/4*3)])
	return mime
}

// kind decides the type of a file: by its first bytes if they are certain, else
// as declared, by a data: prefix, by its name, or text. why is the warning for
// the client.
func kind(declared, told, name string, head []byte) (mime, why string) {
	known := func(t string) bool {
		return Supported(t) || isText(t) || formats[t].read != nil || t == svg || isOffice(t)
	}
	mime = declared
	for _, other := range []string{told, ByName(name)} {
		if other != "" && (!known(mime) || isOffice(mime) && isText(other)) { // Windows calls CSV a workbook
			mime = other
		}
	}
	first := sniff(head)
	switch {
	case isOffice(mime) && (first == zipped || isOffice(first)):
	case isText(mime) && looksLikeText(head): // whatever its first bytes are
	case overrules(first, mime):
		if known(declared) && declared != first {
			why = "declared as " + declared + ", but it is " + first
		}
		mime = first
	case (!known(mime) || isOffice(mime)) && (looksLikeText(head) || isUTF16(head)):
		mime = plain
	}
	return mime, why
}

// convert converts a file to a type that Gemini can read.
func (c *Converter) convert(f File, mime string, data conversation.Text) Sent {
	switch {
	case isText(mime):
		return c.asText(mime, data)
	case Supported(mime):
		return Sent{MIME: mime, Data: data}
	case mime == gif, mime == bmp, mime == tiff:
		out, why := c.toPNG(mime, data)
		if out == nil {
			return c.placeholder(f, mime, size(data), why)
		}
		return Sent{MIME: png, Data: out, Why: why}
	case mime == svg:
		if n := size(data); n <= maxText {
			if file := decode(data, 0); looksLikeText(file) {
				return Sent{Text: label(f, mime) + "\n" + string(file), Why: "SVG was sent as its text"}
			}
		}
		return c.placeholder(f, mime, size(data), "SVG that is packed, or too long to be sent as text")
	}
	return c.placeholder(f, mime, size(data), unreadable(mime))
}

// asText sends a file that is text; UTF-16, which Windows writes, in UTF-8.
func (c *Converter) asText(mime string, data conversation.Text) Sent {
	if !texts[mime] {
		mime = plain
	}
	if isUTF16(decode(data, 4)) && size(data) <= maxConverted {
		data = encode(fromUTF16(decode(data, 0)))
	}
	return Sent{MIME: mime, Data: data}
}

// fromUTF16 makes UTF-8 of a text that begins with the mark of UTF-16.
func fromUTF16(file []byte) []byte {
	var order binary.ByteOrder = binary.LittleEndian
	if file[0] == 0xfe {
		order = binary.BigEndian
	}
	units := make([]uint16, 0, len(file)/2)
	for i := 2; i+1 < len(file); i += 2 {
		units = append(units, order.Uint16(file[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}

// sound reports whether a file may be sent: whether it is not known to be
// broken.
func (c *Converter) sound(f File, sent Sent) bool {
	mime := sent.MIME
	switch {
	case !common[mime], f.Answer && !inAnswers[mime]:
		return false
	case formats[mime].read == nil && mime != "image/webp" && mime != pdf:
		return true
	case sniff(decode(sent.Data, headLength)) != mime:
		return false
	case mime == "image/webp":
		return true
	}
	return c.readable(mime, sent.Data)
}

// label names a file in the text that replaces it.
func label(f File, mime string) string {
	text := "[" + noun(mime)
	if f.Name != "" {
		text += ` "` + clip(f.Name) + `"`
	}
	return text + "]"
}

// clip bounds what a client wrote, and keeps it on one line.
func clip(s string) string {
	const longest = 128
	s = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, s)
	return strings.ToValidUTF8(s[:min(len(s), longest)], "")
}

// placeholder is the text that replaces a file that is not sent.
func (c *Converter) placeholder(f File, mime string, bytes int, why string) Sent {
	text := strings.TrimSuffix(label(f, mime), "]")
	if bytes > 0 {
		text += ", " + strconv.Itoa(bytes) + " bytes"
	}
	return Sent{Text: text + ": left out, " + why + "]", Why: noun(mime) + " was replaced by a line of text: " + why}
}
