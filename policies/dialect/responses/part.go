package responses

import (
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/dataurl"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// part reads one content part.
func (d *decoder) part(m jsonwalk.Members, parts *[]conversation.Part) error {
	kind := jsonwalk.Chars(m.Get("type"))
	if kind == nil {
		return d.Invalid("type", "Field required")
	}
	f := partTypes.Find(kind)
	switch {
	case f == nil:
		d.Warn("", "left out: unknown content type "+string(jsonwalk.Shorten(kind)))
		return nil
	case f.Action == jsonwalk.Drop:
		return nil
	case f.Action == jsonwalk.Refuse:
		return d.Unsupported("", f.Name+" ("+f.Why+")")
	}
	if err := m.Obey(partFields); err != nil {
		return err
	}
	var media conversation.Media
	var err error
	switch f.Name {
	case "input_image":
		media, err = d.image(m)
	case "input_file":
		media, err = d.file(m)
	case "input_audio":
		media, err = d.sound(m)
	case "refusal":
		text, err := m.NeedText("refusal")
		*parts = textParts(*parts, text)
		return err
	default:
		text, err := m.NeedText("text")
		*parts = textParts(*parts, text)
		return err
	}
	*parts = append(*parts, conversation.Part{Kind: conversation.KindMedia, Media: &media})
	return err
}

func (d *decoder) image(m jsonwalk.Members) (media conversation.Media, err error) {
	link, err := m.NeedText("image_url")
	if err != nil {
		return media, err
	}
	if media, err = d.link("image_url", link); err != nil {
		return media, err
	}
	detail, err := m.Text("detail")
	switch name := detail.String(); name {
	case "low", "high":
		media.Detail = name
	case "original":
		media.Detail = "max"
	case "", "auto":
	default:
		d.Warn("detail", "unknown, left to the model")
	}
	return media, err
}

// link reads a URL, the value of field name.
func (d *decoder) link(name string, link conversation.Text) (conversation.Media, error) {
	media, problem := dataurl.Media(link)
	if problem != "" {
		return media, d.Invalid(name, "%s", problem)
	}
	return media, nil
}

// file reads a file: a reference, a data: URL, or bare base64 as some clients
// send it.
func (d *decoder) file(m jsonwalk.Members) (media conversation.Media, err error) {
	name, err := m.Text("filename")
	if err != nil {
		return media, err
	}
	field := "file_data"
	if m.Get(field) == nil && m.Get("file_url") != nil {
		field = "file_url"
	}
	data, err := m.NeedText(field)
	if err != nil {
		return media, err
	}
	switch {
	case field == "file_url" || dataurl.Scheme(data) != "":
		media, err = d.link(field, data)
	case data.Empty():
		err = d.Invalid(field, "the file is empty")
	default:
		media = conversation.Media{Data: data, MIME: dataurl.MIME(name.String())}
		if media.MIME == "" {
			media.MIME = "application/pdf" // the files that nearly all clients send
		}
	}
	media.Title = name.String()
	return media, err
}

// soundMIME are the MIME types of sounds whose format does not name them.
var soundMIME = map[string]string{"mp3": "audio/mp3", "pcm16": "audio/L16", "m4a": "audio/mp4"}

func (d *decoder) sound(m jsonwalk.Members) (media conversation.Media, err error) {
	if m.Get("input_audio") == nil {
		return media, d.Invalid("input_audio", "Field required")
	}
	err = m.Object("input_audio", func(m jsonwalk.Members) error {
		if err := m.Obey(soundFields); err != nil {
			return err
		}
		data, err := m.NeedText("data")
		if err != nil {
			return err
		}
		if dataurl.Scheme(data) != "" {
			media, err = d.link("data", data)
			return err
		}
		format, err := m.NeedText("format")
		name := strings.ToLower(format.String())
		media = conversation.Media{MIME: soundMIME[name], Data: data}
		if media.MIME == "" {
			media.MIME = "audio/" + name
		}
		if err == nil && !conversation.ValidMIME(media.MIME) {
			err = d.Invalid("format", "Input should be the name of a format, such as wav or mp3")
		}
		return err
	})
	return media, err
}
