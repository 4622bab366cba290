package exchange

import (
	"strings"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/conversation"
)

// size is how large a request is: the bytes of its text, and the tokens that its
// media are likely to be.
type size struct{ text, media int64 }

// sizeOf measures a body of so many bytes. Media of native bodies, which are not
// read, count as text.
func (a *attempt) sizeOf(body int) size {
	s := size{text: int64(body)}
	fixed := len(a.candidates) > 0 && a.x.catalog.Table().Capabilities(a.candidates[0].Model).PartResolution
	for i := range a.req.Messages {
		for j := range a.req.Messages[i].Parts {
			p := &a.req.Messages[i].Parts[j]
			if p.Kind != conversation.KindMedia || p.Media == nil {
				continue
			}
			encoded := int64(len(p.Media.Data))
			s.text -= encoded
			m := account.Media{Kind: mediaKind(p.Media.MIME), Bytes: encoded * 3 / 4}
			if p.Media.Detail == "low" {
				m.Resolution = account.LowResolution
			}
			s.media += m.Tokens(fixed)
		}
	}
	s.text = max(s.text, 0)
	return s
}

func mediaKind(mime string) account.MediaKind {
	switch kind, _, _ := strings.Cut(mime, "/"); kind {
	case "audio":
		return account.Audio
	case "video":
		return account.Video
	case "application":
		return account.Page
	}
	return account.Image
}
