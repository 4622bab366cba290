package dataurl

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini/media"
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
	head, data, ok := bytes.Cut(t[len(`"data:`):len(t)-1], []byte(","))
	if !ok || len(head) > maxHead {
		return file, false
	}
	mime, params, _ := strings.Cut(quoted(head).String(), ";")
	if file.MIME = media.Proper(mime); file.MIME == "" {
		file.MIME = "text/plain"
	}
	if !conversation.ValidMIME(file.MIME) {
		return file, false
	}
	if params = strings.ToLower(strings.TrimSpace(params)); params == "base64" || strings.HasSuffix(params, ";base64") {
		file.Data = quoted(data)
		return file, true
	}
	plain, err := url.PathUnescape(quoted(data).String())
	if err != nil {
		return file, false
	}
	file.Data = conversation.Quote(base64.StdEncoding.EncodeToString([]byte(plain)))
	return file, true
}

// quoted puts escaped characters, a piece of a literal, between quotes again.
func quoted(inner []byte) conversation.Text {
	t := make(conversation.Text, 0, len(inner)+len(`""`))
	return append(append(append(t, '"'), inner...), '"')
}

// MIME guesses the MIME type of a URL or file name; "" if there is nothing to
// go by.
func MIME(name string) string {
	if i := strings.IndexAny(name, "?#"); i >= 0 {
		name = name[:i]
	}
	return media.ByName(name)
}
