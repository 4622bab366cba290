package dataurl

import (
	"bytes"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini/media"
)

const maxScheme = 8 // characters looked at for the colon; https: has the longest scheme known here

// What is wrong with a URL, for the message to the client.
const (
	badData   = "not a valid data: URL; expected data:image/png;base64,..."
	badScheme = "Input should be a data:, http:, https: or gs: URL"
)

// Media reads a URL: inline data or a reference. problem says what is wrong
// with it, "" if nothing is.
func Media(link conversation.Text) (file conversation.Media, problem string) {
	switch Scheme(link) {
	case "data":
		file, ok := inline(link)
		if !ok {
			return file, badData
		}
		return file, ""
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
func inline(t conversation.Text) (file conversation.Media, ok bool) {
	data, mime, ok := media.FromURL(t)
	if !ok {
		return file, false
	}
	if file.MIME = media.Proper(mime); file.MIME == "" {
		file.MIME = "text/plain"
	}
	file.Data = data
	return file, conversation.ValidMIME(file.MIME)
}

// MIME guesses the MIME type of a URL or file name; "" if there is nothing to
// go by.
func MIME(name string) string {
	if i := strings.IndexAny(name, "?#"); i >= 0 {
		name = name[:i]
	}
	return media.ByName(name)
}
