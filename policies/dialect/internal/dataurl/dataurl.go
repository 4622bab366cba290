package dataurl

import (
	"bytes"
	"cmp"
	"regexp"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini/media"
)

const maxScheme = 8 // how many characters are searched for the colon; https: is the longest known scheme

// What is wrong with an address, for the message to the client.
const (
	badData   = "not a valid data: URL; expected data:image/png;base64,..."
	badScheme = "only a data:, http:, https: or gs: URL can be read; send the data inline"
	noAddress = "it is empty"
)

// Media reads an address: inline data or a reference. What has no scheme is
// base64, of the given type; "" if unknown. problem says what is wrong,
// "" if nothing is.
func Media(link conversation.Text, mime string) (file conversation.Media, problem string) {
	link = trim(link)
	switch Scheme(link) {
	case "data":
		file, ok := inline(link)
		if !ok {
			return file, badData
		}
		return file, ""
	case "http", "https", "gs":
		uri := link.String()
		return conversation.Media{URI: uri, MIME: cmp.Or(mime, MIME(uri))}, ""
	case "":
		if link.Empty() {
			return conversation.Media{}, noAddress
		}
		return conversation.Media{MIME: mime, Data: link}, ""
	}
	return conversation.Media{}, badScheme
}

// blanks are the white space that may surround an address, as JSON writes it.
var blanks = regexp.MustCompile(`^( |\\[nrtu])|( |\\[nrt]|\\u[0-9A-Fa-f]{4})$`)

// trim takes blanks and line breaks off the ends. Without any, the usual case,
// nothing is copied.
func trim(t conversation.Text) conversation.Text {
	const longest = len(`\u000a`)
	inner := t.Inner()
	if !blanks.Match(inner[:min(len(inner), longest)]) && !blanks.Match(inner[max(0, len(inner)-longest):]) {
		return t
	}
	return conversation.Quote(strings.TrimSpace(t.String()))
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
	if file.MIME = media.Canonical(mime); file.MIME == "" {
		file.MIME = "text/plain"
	}
	file.Data = data
	return file, conversation.ValidMIME(file.MIME)
}

// MIME guesses the MIME type of a URL or file name; "" if it is unknown.
func MIME(name string) string {
	if i := strings.IndexAny(name, "?#"); i >= 0 {
		name = name[:i]
	}
	return media.ByName(name)
}

// Type returns a MIME type, or that of a format such as mp4; "" for what is none.
func Type(name string) string {
	if !conversation.ValidMIME(media.Canonical(name)) {
		return ""
	}
	if named := media.ByName("." + name); named != "" {
		return named
	}
	return name
}
