package transcriptions

import (
	"bytes"
	"path"
	"strings"

	"github.com/heald-proxy/heald/policies/dialect/internal/form"
)

// endings are the types of recordings by the endings of their files.
var endings = map[string]string{
	".flac": "audio/flac", ".mp3": "audio/mp3", ".mpeg": "audio/mp3", ".mpga": "audio/mp3", ".mp4": "audio/mp4", ".m4a": "audio/mp4",
	".ogg": "audio/ogg", ".oga": "audio/ogg", ".opus": "audio/ogg", ".wav": "audio/wav", ".webm": "audio/webm", ".aac": "audio/aac", ".aiff": "audio/aiff",
}

// declared are types of which clients have other names than the upstream.
var declared = map[string]string{
	"audio/x-wav": "audio/wav", "audio/wave": "audio/wav", "audio/vnd.wave": "audio/wav", "audio/mpeg": "audio/mp3", "audio/x-m4a": "audio/mp4", "audio/m4a": "audio/mp4",
	"audio/x-flac": "audio/flac", "audio/opus": "audio/ogg", "application/ogg": "audio/ogg", "audio/x-aiff": "audio/aiff",
}

// mimeOf is the type of a recording; "" if nothing tells it. Most SDKs declare
// any file as bytes.
func mimeOf(f *form.File) string {
	mime := strings.ToLower(f.MIME)
	if known, ok := declared[mime]; ok {
		return known
	}
	if strings.HasPrefix(mime, "audio/") || strings.HasPrefix(mime, "video/") {
		return mime
	}
	if known, ok := endings[strings.ToLower(path.Ext(f.Name))]; ok {
		return known
	}
	return sniff(f.Data)
}

// sniff knows a recording by its first bytes.
func sniff(data []byte) string {
	at := func(i int, mark string) bool { return len(data) > i && bytes.HasPrefix(data[i:], []byte(mark)) }
	switch {
	case at(0, "RIFF") && at(8, "WAVE"):
		return "audio/wav"
	case at(0, "fLaC"):
		return "audio/flac"
	case at(0, "OggS"):
		return "audio/ogg"
	case at(0, "\x1a\x45\xdf\xa3"): // EBML
		return "audio/webm"
	case at(4, "ftyp"):
		return "audio/mp4"
	case at(0, "ID3"), len(data) > 1 && data[0] == 0xff && data[1]&0xe6 == 0xe2: // a frame of layer III
		return "audio/mp3"
	}
	return ""
}
