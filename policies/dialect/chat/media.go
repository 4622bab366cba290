package chat

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/dataurl"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// link reads an image, video or document by its URL. Some clients write the
// URL where the object should be.
func (d *decoder) link(v jsontext.Value, t *jsonwalk.Table) (media conversation.Media, err error) {
	if v.Kind() == '"' {
		return d.media("", conversation.Text(v))
	}
	err = d.Object(v, func(m jsonwalk.Members) error {
		if err := m.Obey(t); err != nil {
			return err
		}
		url, err := m.NeedText("url")
		if err != nil {
			return err
		}
		if media, err = d.media("url", url); err != nil {
			return err
		}
		detail, err := m.Text("detail")
		media.Detail = d.detail(detail.String())
		return err
	})
	return media, err
}

// detail returns how closely to look in our words.
func (d *decoder) detail(name string) string {
	switch name {
	case "low", "high":
		return name
	case "original":
		return "max"
	case "", "auto":
	default:
		d.Warn("detail", "unknown, left to the model")
	}
	return ""
}

// media reads a URL, the value of field name: inline data or a reference.
func (d *decoder) media(name string, url conversation.Text) (conversation.Media, error) {
	media, problem := dataurl.Media(url)
	if problem != "" {
		return media, d.Invalid(name, "%s", problem)
	}
	return media, nil
}

// soundMIME are the MIME types of sounds whose format does not name them.
var soundMIME = map[string]string{"wav": "audio/wav", "mp3": "audio/mp3", "pcm16": "audio/L16", "m4a": "audio/mp4"}

// sound reads input_audio.
func (d *decoder) sound(m jsonwalk.Members) (media conversation.Media, err error) {
	if err := m.Obey(soundFields); err != nil {
		return media, err
	}
	data, err := m.NeedText("data")
	if err != nil {
		return media, err
	}
	if dataurl.Scheme(data) == "data" {
		return d.media("data", data)
	}
	format, err := m.NeedText("format")
	if err != nil {
		return media, err
	}
	name := strings.ToLower(format.String())
	media = conversation.Media{MIME: soundMIME[name], Data: data}
	if media.MIME == "" {
		media.MIME = "audio/" + name
	}
	if !conversation.ValidMIME(media.MIME) {
		return media, d.Invalid("format", "Input should be the name of a format, such as wav or mp3")
	}
	return media, nil
}

// file reads a file. Its data are a data: URL, bare base64, or a reference,
// which routers of models take.
func (d *decoder) file(m jsonwalk.Members) (media conversation.Media, err error) {
	if err := m.Obey(fileFields); err != nil {
		return media, err
	}
	name, err := m.Text("filename")
	if err != nil {
		return media, err
	}
	data, err := m.NeedText("file_data")
	if err != nil {
		return media, err
	}
	if dataurl.Scheme(data) != "" {
		media, err = d.media("file_data", data)
	} else {
		media = conversation.Media{Data: data, MIME: dataurl.MIME(name.String())}
		if media.MIME == "" {
			media.MIME = "application/pdf" // the files that nearly all clients send
		}
	}
	media.Title = name.String()
	return media, err
}
