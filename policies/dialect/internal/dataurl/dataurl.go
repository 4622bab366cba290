package dataurl

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"path"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
)

const (
	maxScheme = 8 // characters looked at for the colon; https: has the longest scheme known here
	// maxHead bounds what stands before the comma of a data: URL.
	maxHead = 512
)

// What is wrong with a URL, for the message to the client.
const (
	badData   = "not a valid data: URL; expected data:image/png;base64,..."
	badScheme = "Input should be a data:, http:, https: or gs: URL"
)

// Media reads a URL: inline data or a reference. problem says what is wrong
// with it, "" if nothing is.
func Media(link conversation.Text) (media conversation.Media, problem string) {
	switch Scheme(link) {
	case "data":
		media, ok := inline(link)
		if !ok {
			return media, badData
		}
		return media, ""
	case "http", "https", "gs":
		uri := link.String()
		return conversation.Media{URI: uri, MIME: MIME(uri)}, ""
	}
	return conversation.Media{}, badScheme
}

// Scheme returns the scheme of a URL in lower case, "" for what is none:
// neither base64 nor file names hold a colon that early.
func Scheme(t conversation.Text) string {
	inner := t.Inner()
	head, _, ok := bytes.Cut(inner[:min(len(inner), maxScheme)], []byte(":"))
	if !ok {
		return ""
	}
	return strings.ToLower(string(head))
}

// inline reads a data: URL. Base64 is copied once, in the form in which the
// client escaped it; what was written in percent escapes becomes base64.
func inline(t conversation.Text) (media conversation.Media, ok bool) {
	head, data, ok := bytes.Cut(t[len(`"data:`):len(t)-1], []byte(","))
	if !ok || len(head) > maxHead {
		return media, false
	}
	mime, params, _ := strings.Cut(quoted(head).String(), ";")
	media.MIME = properMIME(mime)
	if !conversation.ValidMIME(media.MIME) {
		return media, false
	}
	if params = strings.ToLower(params); params == "base64" || strings.HasSuffix(params, ";base64") {
		media.Data = quoted(data)
		return media, len(data) > 0
	}
	plain, err := url.PathUnescape(quoted(data).String())
	if err != nil {
		return media, false
	}
	media.Data = conversation.Quote(base64.StdEncoding.EncodeToString([]byte(plain)))
	return media, plain != ""
}

// quoted puts escaped characters, a piece of a literal, between quotes again.
func quoted(inner []byte) conversation.Text {
	t := make(conversation.Text, 0, len(inner)+len(`""`))
	return append(append(append(t, '"'), inner...), '"')
}

// properMIME returns the registered name of a MIME type that clients write
// otherwise.
func properMIME(mime string) string {
	switch mime = strings.ToLower(strings.TrimSpace(mime)); mime {
	case "":
		return "text/plain"
	case "image/jpg":
		return "image/jpeg"
	}
	return mime
}

// extensionMIME are the MIME types of what the upstream reads, by extension.
// It is a table of its own because that of the standard library depends on
// the machine.
var extensionMIME = map[string]string{
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".gif": "image/gif",
	".heic": "image/heic", ".heif": "image/heif", ".pdf": "application/pdf", ".txt": "text/plain", ".md": "text/markdown",
	".html": "text/html", ".csv": "text/csv", ".json": "application/json", ".xml": "text/xml",
	".mp3": "audio/mp3", ".wav": "audio/wav", ".ogg": "audio/ogg", ".flac": "audio/flac", ".aac": "audio/aac", ".m4a": "audio/mp4",
	".mp4": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm", ".mpeg": "video/mpeg", ".avi": "video/x-msvideo",
}

// MIME guesses the MIME type of a URL or file name; "" if there is nothing to
// go by.
func MIME(name string) string {
	if i := strings.IndexAny(name, "?#"); i >= 0 {
		name = name[:i]
	}
	return extensionMIME[strings.ToLower(path.Ext(name))]
}
