package claude

import (
	"cmp"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/dataurl"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// bareImageFields are those of an image block without a source, as tools of MCP
// servers give it and as clients write it that know the image of several APIs.
var bareImageFields = &jsonwalk.Table{Name: "image block without source", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"data", jsonwalk.Map, "base64, or a URL"},
	{"mimeType", jsonwalk.Map, "the MIME type"},
	{"media_type", jsonwalk.Map, "the MIME type"},
	{"url", jsonwalk.Map, "inline media, or a reference that the upstream fetches"},
	{"image", jsonwalk.Map, "the same"},
	{"image_url", jsonwalk.Map, "the same, or an object that holds it"},
	{"annotations", jsonwalk.Drop, "hints for the client"},
	{"_meta", jsonwalk.Drop, "hints for the client"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

// readBareImage reads an image block without a source.
func (d *decoder) readBareImage(m jsonwalk.Members, parts *[]conversation.Part) error {
	if err := m.Obey(bareImageFields); err != nil {
		return err
	}
	for _, name := range []string{"data", "url", "image", "image_url"} {
		v := m.Get(name)
		switch {
		case v == nil:
			continue
		case name == "image_url" && v.Kind() == '{':
			return m.Object(name, func(m jsonwalk.Members) error { return d.imageAt("url", m, "", parts) })
		}
		mime, err := m.Text("mimeType")
		if err != nil {
			return err
		}
		other, err := m.Text("media_type")
		if err != nil {
			return err
		}
		return d.imageAt(name, m, cmp.Or(mime.String(), other.String()), parts)
	}
	return d.Invalid("source", "Field required")
}

// imageAt adds the image in field name: base64 of the given type, or a URL.
func (d *decoder) imageAt(name string, m jsonwalk.Members, mime string, parts *[]conversation.Part) error {
	data, err := m.NeedText(name)
	if err != nil {
		return err
	}
	media := conversation.Media{MIME: mime, Data: data}
	if mime == "" || dataurl.Scheme(data) != "" {
		var problem string
		if media, problem = dataurl.Media(data); problem != "" {
			return d.Invalid(name, "%s", problem)
		}
	}
	*parts = append(*parts, conversation.Part{Kind: conversation.KindMedia, Media: &media})
	return nil
}
