package chat

import (
	"strconv"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
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

// imageConfig reads the settings for images, in the form of model routers such
// as OpenRouter, or in the upstream's own.
func (d *decoder) imageConfig(m jsonwalk.Members) error {
	if err := m.Apply(imageConfigFields); err != nil {
		return err
	}
	var image conversation.Image
	for _, f := range []struct {
		name string
		to   *string
	}{
		{"aspectRatio", &image.Ratio}, {"aspect_ratio", &image.Ratio}, {"imageSize", &image.Scale}, {"image_size", &image.Scale},
	} {
		if m.Get(f.name) == nil {
			continue
		}
		text, err := m.Text(f.name)
		if err != nil {
			return err
		}
		*f.to = text.String()
	}
	d.Req.Output.Image = &image
	return nil
}

// appendImage writes an image that the model made, as routers of models do; the
// original service has no place for it. Its carrier comes back with it. SDKs
// that join chunks need the index of list elements.
func appendImage(dst []byte, index int, url conversation.Text, carrier string) []byte {
	dst = append(append(dst, `{"type":"image_url","image_url":{"url":`...), url...)
	dst = strconv.AppendInt(append(dst, `},"index":`...), int64(index), 10)
	if carrier != "" {
		dst = appendCarrier(append(dst, ','), carrier)
	}
	return append(dst, '}')
}
