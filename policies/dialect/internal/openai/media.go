package openai

import (
	"cmp"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/dataurl"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// media reads the parts that are not text.
type media struct{ *jsonwalk.Walker }

// within runs f with the members of field name, which must be there.
func (r media) within(name string, m jsonwalk.Members, f func(m jsonwalk.Members) error) error {
	if m.Get(name) == nil {
		return r.Invalid(name, "Field required")
	}
	return m.Object(name, f)
}

// image reads an image, whose URL and detail stand in the part or in an object
// within.
func (r media) image(m jsonwalk.Members, parts *[]conversation.Part) error {
	if err := r.linked("image_url", imageFields, m, parts); err != nil {
		return err
	}
	detail, err := m.Text("detail")
	if image := (*parts)[len(*parts)-1].Media; image != nil && image.Detail == "" {
		image.Detail = r.detail(detail.String())
	}
	return err
}

// linked reads an image, video or document by its URL, in field name. Some
// clients write the URL where the object should be.
func (r media) linked(name string, t *jsonwalk.Table, m jsonwalk.Members, parts *[]conversation.Part) error {
	if v := m.Get(name); v.Kind() == '"' {
		*parts = append(*parts, Address(r.Walker, name, conversation.Text(v), ""))
		return nil
	}
	return r.within(name, m, func(m jsonwalk.Members) error {
		if err := m.Apply(t); err != nil {
			return err
		}
		url, err := m.NeedText("url")
		if err != nil {
			return err
		}
		found := Address(r.Walker, "url", url, "")
		detail, err := m.Text("detail")
		if found.Media != nil {
			found.Media.Detail = r.detail(detail.String())
		}
		*parts = append(*parts, found)
		return err
	})
}

// detail returns the detail of an image as conversation names it.
func (r media) detail(name string) string {
	switch name {
	case "low", "high":
		return name
	case "original":
		return "max"
	case "", "auto":
	default:
		r.Warn("detail", "unknown, left to the model")
	}
	return ""
}

// soundMIME are the MIME types of sounds whose format does not name them.
var soundMIME = map[string]string{"wav": "audio/wav", "mp3": "audio/mp3", "pcm16": "audio/L16", "m4a": "audio/mp4"}

// sound reads input_audio.
func (r media) sound(m jsonwalk.Members, parts *[]conversation.Part) error {
	return r.within("input_audio", m, func(m jsonwalk.Members) error {
		if err := m.Apply(soundFields); err != nil {
			return err
		}
		data, err := m.NeedText("data")
		if err != nil {
			return err
		}
		format, err := m.Text("format")
		if err != nil {
			return err
		}
		mime := soundType(format.String())
		if mime != "" && !conversation.ValidMIME(mime) {
			return r.Invalid("format", "Input should be the name of a format, such as wav or mp3")
		}
		*parts = append(*parts, Address(r.Walker, "data", data, mime))
		return nil
	})
}

// soundType is the MIME type of a format of sound; "" if the first bytes must
// tell.
func soundType(format string) string {
	name := strings.ToLower(format)
	if name == "" {
		return ""
	}
	return cmp.Or(soundMIME[name], "audio/"+name)
}

// file reads a file. Its data are a data: URL, bare base64, or a reference,
// which routers of models take.
func (r media) file(m jsonwalk.Members, parts *[]conversation.Part) error {
	name, err := m.Text("filename")
	if err != nil {
		return err
	}
	field := "file_data"
	if m.Get(field) == nil && m.Get("file_url") != nil {
		field = "file_url"
	}
	data, err := m.NeedText(field)
	if err != nil {
		return err
	}
	found := Address(r.Walker, field, data, dataurl.MIME(name.String()))
	if found.Media != nil {
		found.Media.Title = name.String()
	}
	*parts = append(*parts, found)
	return nil
}

// screenshot reads an image of a screen. Where it is a file of another service
// a placeholder is all there is.
func (r media) screenshot(m jsonwalk.Members, parts *[]conversation.Part) error {
	if err := m.Apply(screenFields); err != nil {
		return err
	}
	if m.Get("image_url") == nil {
		r.Warn("", "left out but for a placeholder: the image is not in the request")
		*parts = AppendText(*parts, conversation.Quote("[a screenshot]"))
		return nil
	}
	return r.image(m, parts)
}
