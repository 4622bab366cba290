package transcriptions

import (
	"strings"

	"github.com/heald-proxy/heald/policies/dialect/internal/form"
	"github.com/heald-proxy/heald/policies/gemini/media"
)

// mimeOf is the type of a recording; "" if unknown. Most SDKs declare every
// file as application/octet-stream. Audio and video share containers: a file
// counts as audio unless it is declared as video.
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
