package gemini

import (
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
)

// The levels of media resolution: how many tokens a picture becomes. The
// highest is for single images only.
const (
	resolutionLow   = "MEDIA_RESOLUTION_LOW"
	resolutionHigh  = "MEDIA_RESOLUTION_HIGH"
	resolutionUltra = "MEDIA_RESOLUTION_ULTRA_HIGH"
)

// resolutions are the levels by conversation.Media.Detail.
var resolutions = map[string]string{"low": resolutionLow, "high": resolutionHigh, "max": resolutionUltra}

// resolve sets the resolution of media: of each part if the model takes that,
// else one for all parts, if they agree, which it returns.
func (r *renderer) resolve(turns []turn) (all string) {
	first := true
	for i := range turns {
		for j := range turns[i].pieces {
			p := &turns[i].pieces[j]
			for _, f := range p.files {
				if f.Detail != "" {
					r.warn(p.at, "the detail of files in tool results was left out: the upstream has no place for it")
				}
			}
			if p.media == nil {
				continue
			}
			level := resolutions[p.media.Detail]
			if r.can.PartResolution {
				if level == resolutionUltra && !isImage(p.media) {
					level = resolutionHigh
				}
				p.resolution = level
				continue
			}
			if level == resolutionUltra {
				level = resolutionHigh
			}
			if first {
				all, first = level, false
			} else if level != all {
				r.note("detail", "left out: model "+r.model+" looks at all media with one resolution")
				return ""
			}
		}
	}
	return all
}

// isImage reports whether m is an image. A reference may lack a type: clients
// set a detail only for images.
func isImage(m *conversation.Media) bool {
	return m.MIME == "" || strings.HasPrefix(strings.ToLower(m.MIME), "image/")
}

// resolution appends a part's own level.
func (w *bodyWriter) resolution(level string) {
	if level == "" {
		return
	}
	w.key("mediaResolution")
	w.open('{')
	w.stringField("level", level)
	w.close('}')
}
