package media

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"
)

// magics are the first bytes of files, which win over the declared type.
var magics = []struct{ start, mime string }{
	{"\x89PNG\r\n\x1a\n", png},
	{"\xff\xd8\xff", jpeg},
	{"II*\x00", tiff}, {"MM\x00*", tiff},
	{"PK\x03\x04", zipped},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ole},
	{"\x1f\x8b\x08", "application/gzip"},
	{"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"},
	{"Rar!\x1a\x07", "application/vnd.rar"},
	{"\x7fELF", "application/x-executable"},
	{"\x1a\x45\xdf\xa3", "video/webm"},
	{"FLV\x01", "video/x-flv"},
	{"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/wmv"},
	{"\x00\x00\x01\xba", "video/mpeg"}, {"\x00\x00\x01\xb3", "video/mpeg"},
}

// spelled are magics that text may begin with, too. In such a file a control
// character always follows.
var spelled = []struct{ start, mime string }{
	{"GIF87a", gif}, {"GIF89a", gif},
	{"8BPS", "image/vnd.adobe.photoshop"},
	{"OggS", "audio/ogg"},
	{"fLaC", "audio/flac"},
	{"ID3", "audio/mp3"},
}

// pdfStart is how a PDF begins: a version, and nothing else on the line but a
// comment.
var pdfStart = regexp.MustCompile(`^%PDF-\d\.\d[ \t]*[\r\n%]`)

// brands are the kinds of files that have ftyp behind the first four bytes.
var brands = map[string]string{
	"heic": "image/heic", "heix": "image/heic", "hevc": "image/heic", "heim": "image/heic", "heis": "image/heic",
	"mif1": "image/heif", "msf1": "image/heif", "avif": "image/avif", "avis": "image/avif",
	"M4A ": "audio/mp4", "M4B ": "audio/mp4", "qt  ": "video/mov",
	"3gp4": "video/3gpp", "3gp5": "video/3gpp", "3gp6": "video/3gpp", "3ge6": "video/3gpp",
}

// sniff returns the type of a file by its first bytes; "" if unknown. Of texts
// only markup is recognized.
func sniff(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.start)) {
			if m.mime == zipped {
				return archived(head)
			}
			return m.mime
		}
	}
	if pdfStart.Match(head) {
		return pdf
	}
	if mime := spelledOut(head); mime != "" {
		return mime
	}
	switch {
	case len(head) > 1 && head[0] == 0xff && head[1]&0xf6 == 0xf0:
		return "audio/aac"
	case len(head) > 2 && head[0] == 0xff && head[1] < 0xfe && head[1]&0xe0 == 0xe0 && head[1]&0x06 != 0 && head[2]&0xf0 != 0xf0:
		return "audio/mp3"
	}
	return markup(head)
}

// spelledOut returns the type by letters at the beginning, if control
// characters show that the file is not text.
func spelledOut(head []byte) string {
	if bytes.IndexFunc(head, isControl) < 0 {
		return ""
	}
	for _, m := range spelled {
		if bytes.HasPrefix(head, []byte(m.start)) {
			return m.mime
		}
	}
	at := func(from int, want string) bool {
		return len(head) >= from+len(want) && string(head[from:from+len(want)]) == want
	}
	switch {
	case at(0, "RIFF") && at(8, "WEBP"):
		return "image/webp"
	case at(0, "RIFF") && at(8, "WAVE"):
		return "audio/wav"
	case at(0, "RIFF") && at(8, "AVI "):
		return "video/avi"
	case at(0, "FORM") && (at(8, "AIFF") || at(8, "AIFC")):
		return "audio/aiff"
	case at(4, "ftyp") && len(head) >= 12 && head[0] == 0: // the length of the box
		if mime := brands[string(head[8:12])]; mime != "" {
			return mime
		}
		return "video/mp4"
	case len(head) > 26 && at(0, "BM") && at(6, "\x00\x00\x00\x00") && head[14] >= 12 && at(15, "\x00\x00\x00"):
		return bmp
	}
	return ""
}

// markup recognizes SVG and HTML.
func markup(head []byte) string {
	if !looksLikeText(head) {
		return ""
	}
	text := strings.ToLower(string(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")))
	begins := func(tags ...string) bool {
		for _, tag := range tags {
			if strings.HasPrefix(text, tag) {
				return true
			}
		}
		return false
	}
	switch {
	case begins("<svg"):
		return svg
	case begins("<?xml", "<!--", "<!doctype svg") && strings.Contains(text, "<svg"):
		return svg
	case begins("<!doctype html", "<html"):
		return "text/html"
	}
	return ""
}

// looksLikeText reports whether the beginning of a file is text in UTF-8.
func looksLikeText(head []byte) bool {
	for i := 0; i < len(head); {
		r, size := utf8.DecodeRune(head[i:])
		switch {
		case r == utf8.RuneError && size == 1 && (len(head)-i >= utf8.UTFMax || utf8.FullRune(head[i:])):
			return false // not merely cut off
		case isControl(r):
			return false
		}
		i += size
	}
	return len(head) > 0
}

// isControl reports whether a character stands in no text.
func isControl(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f' && r != '\x1b'
}

// family is the part of a type before the slash.
func family(mime string) string {
	name, _, _ := strings.Cut(mime, "/")
	return name
}

// overrules reports whether the type by the first bytes wins over the declared
// one.
func overrules(told, declared string) bool {
	switch {
	case told == "" || told == declared || told == svg && isText(declared):
		return false
	case family(told) == "image" && family(declared) == "image":
		return !isHEIF(told) || !isHEIF(declared)
	case !Supported(declared) && !isText(declared), family(told) == "image", family(told) == "application":
		return true
	case family(told) == "text":
		return family(declared) == "image" || declared == pdf
	case family(told) == "audio" && family(declared) == "audio":
		return !alike[told][declared]
	}
	// Audio and video share containers, so the declared type stays.
	return family(declared) != "audio" && family(declared) != "video"
}

// alike are the audio types that cannot be told apart by their first bytes.
var alike = map[string]map[string]bool{
	"audio/mp3":  set("audio/mpeg", "audio/mpga", "audio/aac", "audio/pcm", "audio/l16"),
	"audio/aac":  set("audio/mp3", "audio/mpeg", "audio/mpga", "audio/m4a", "audio/mp4", "audio/pcm", "audio/l16"),
	"audio/mp4":  set("audio/m4a", "audio/aac"),
	"audio/ogg":  set("audio/opus"),
	"audio/wav":  set("audio/pcm", "audio/l16"),
	"audio/flac": nil,
	"audio/aiff": nil,
}

func isHEIF(mime string) bool { return mime == "image/heic" || mime == "image/heif" }

// isUTF16 reports whether a file begins with the mark of UTF-16.
func isUTF16(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff"))
}
