package openai

import (
	"cmp"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/dataurl"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// bareFields are those of media as tools of MCP servers and frameworks such as
// LangChain give them, and as clients write them that know several APIs.
var bareFields = &jsonwalk.Table{Name: "media in the words of tools and frameworks", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"data", jsonwalk.Map, "base64, or a URL"},
	{"base64", jsonwalk.Map, "the same"},
	{"url", jsonwalk.Map, "inline media, or a reference that the upstream fetches"},
	{"image", jsonwalk.Map, "the same, or an object that holds it"},
	{"audio", jsonwalk.Map, "the same"},
	{"video", jsonwalk.Map, "the same"},
	{"file", jsonwalk.Map, "the same"},
	{"source", jsonwalk.Map, "the same"},
	{"image_url", jsonwalk.Map, "the same"},
	{"input_video", jsonwalk.Map, "the same"},
	{"mimeType", jsonwalk.Map, "the MIME type; without one the first bytes tell"},
	{"mime_type", jsonwalk.Map, "the same"},
	{"mediaType", jsonwalk.Map, "the same"},
	{"media_type", jsonwalk.Map, "the same"},
	{"format", jsonwalk.Map, "the same, such as mp4"},
	{"filename", jsonwalk.Map, "the name of the media"},
	{"name", jsonwalk.Map, "the same"},
	{"title", jsonwalk.Map, "the same"},
	{"file_id", jsonwalk.Refuse, noFile},
	{"source_type", jsonwalk.Drop, "the address tells"},
	{"detail", jsonwalk.Drop, "the upstream decides how closely it looks"},
	{"id", jsonwalk.Drop, echoed},
	{"annotations", jsonwalk.Drop, hints},
	{"_meta", jsonwalk.Drop, hints},
	{"metadata", jsonwalk.Drop, hints},
	{"extras", jsonwalk.Drop, hints},
	{"providerOptions", jsonwalk.Drop, hints},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

// bareAddresses are the fields that hold the media, or an object with it.
var bareAddresses = []string{"data", "base64", "url", "image", "audio", "video", "file", "source", "image_url", "input_video"}

// Bare reads media in the words of tools and frameworks.
func Bare(w *jsonwalk.Walker, m jsonwalk.Members, parts *[]conversation.Part) error {
	return media{w}.bare(m, false, parts)
}

// bare reads such media; within says that m is the nested object.
func (r media) bare(m jsonwalk.Members, within bool, parts *[]conversation.Part) error {
	if err := m.Apply(bareFields); err != nil {
		return err
	}
	var mime, title string
	for _, f := range []struct {
		name string
		to   *string
	}{
		{"mimeType", &mime}, {"mime_type", &mime}, {"mediaType", &mime}, {"media_type", &mime}, {"format", &mime},
		{"filename", &title}, {"name", &title}, {"title", &title},
	} {
		text, err := m.Text(f.name)
		if err != nil {
			return err
		}
		*f.to = cmp.Or(*f.to, text.String())
	}
	for _, name := range bareAddresses {
		v := m.Get(name)
		switch {
		case v == nil:
			continue
		case v.Kind() == '{' && !within:
			err := m.Object(name, func(m jsonwalk.Members) error { return r.bare(m, true, parts) })
			if found := (*parts)[max(len(*parts)-1, 0):]; err == nil && found[0].Media != nil {
				found[0].Media.MIME = cmp.Or(found[0].Media.MIME, dataurl.Type(mime))
				found[0].Media.Title = cmp.Or(found[0].Media.Title, title)
			}
			return err
		}
		address, err := m.Text(name)
		if err != nil {
			return err
		}
		found := Address(r.Walker, name, address, dataurl.Type(mime))
		if found.Media != nil {
			found.Media.Title = title
		}
		*parts = append(*parts, found)
		return nil
	}
	return r.Invalid("source", "Field required")
}
