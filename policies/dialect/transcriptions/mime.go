package transcriptions

import (
	"strings"

	"github.com/heald-proxy/heald/policies/dialect/internal/form"
	"github.com/heald-proxy/heald/policies/gemini/media"
)

// mimeOf is the type of a recording; "" if nothing tells it. Most SDKs declare
// any file as bytes. Sound and video share containers: what nobody calls video
// is heard.
func mimeOf(f *form.File) string {
	mime := media.Kind(f.MIME, f.Name, f.Data)
	kind, container, _ := strings.Cut(mime, "/")
	switch {
	case kind != "audio" && kind != "video":
		return ""
	case kind == "video" && !strings.HasPrefix(strings.ToLower(f.MIME), "video/"):
		switch container {
		case "mpeg":
			return "audio/mp3"
		case "mp4", "webm":
			return "audio/" + container
		}
	}
	return mime
}
