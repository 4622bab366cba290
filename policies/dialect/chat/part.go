package chat

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// partsOff reads a list of content parts straight off r.
func (d *decoder) partsOff(r *jsonwalk.Reader, parts *[]conversation.Part) error {
	return r.Array(func(i int) error {
		v, err := r.Value()
		if err != nil {
			return err
		}
		return d.At(i, func() error { return d.part(v, parts) })
	})
}

// part reads one content part. Clients that take the API at its word send
// objects; a bare string in the list was seen too.
func (d *decoder) part(v jsontext.Value, parts *[]conversation.Part) error {
	before := len(*parts)
	defer func() { d.Mark("", (*parts)[before:]) }()
	if v.Kind() == '"' {
		*parts = appendText(*parts, conversation.Text(v))
		return nil
	}
	return d.Object(v, func(m jsonwalk.Members) error {
		name := jsonwalk.Chars(m.Get("type"))
		if name == nil {
			return d.Invalid("type", "Field required")
		}
		f := partTypes.Find(name)
		if f == nil {
			return d.Invalid("type", "'%s' is not a known type of content part", jsonwalk.Shorten(name))
		}
		if f.Action == jsonwalk.Drop {
			return nil
		}
		if err := m.Obey(partFields); err != nil {
			return err
		}
		return d.partOf(f.Name, m, parts)
	})
}

func (d *decoder) partOf(kind string, m jsonwalk.Members, parts *[]conversation.Part) error {
	if kind == "text" || kind == "refusal" {
		text, err := m.NeedText(kind)
		*parts = appendText(*parts, text)
		return err
	}
	v := m.Get(kind)
	if v == nil {
		return d.Invalid(kind, "Field required")
	}
	var media conversation.Media
	err := d.Within(kind, func() (err error) {
		switch kind {
		case "image_url":
			media, err = d.link(v, imageFields)
		case "input_audio":
			err = d.Object(v, func(m jsonwalk.Members) error {
				media, err = d.sound(m)
				return err
			})
		case "file":
			err = d.Object(v, func(m jsonwalk.Members) error {
				media, err = d.file(m)
				return err
			})
		default: // video_url, document_url
			media, err = d.link(v, linkFields)
		}
		return err
	})
	*parts = append(*parts, conversation.Part{Kind: conversation.KindMedia, Media: &media})
	return err
}
