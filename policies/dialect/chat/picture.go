package chat

import (
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
)

// mediaKind is the part of a MIME type before the slash.
func mediaKind(mime string) string {
	kind, _, _ := strings.Cut(mime, "/")
	return strings.ToLower(kind)
}

// mediaURL returns the URL of media: a reference, or a data: URL.
func mediaURL(m conversation.Media) conversation.Text {
	if m.Data.Empty() {
		return conversation.Quote(m.URI)
	}
	head := conversation.Quote("data:" + m.MIME + ";base64,").Inner()
	url := make(conversation.Text, 0, len(head)+len(m.Data))
	url = append(append(url, '"'), head...)
	return append(append(url, m.Data.Inner()...), '"')
}
