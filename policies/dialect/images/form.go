package images

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/form"
)

// form reads a request that came as a form: its values are those of JSON, and
// its files are images.
func (d *decoder) form(contentType string, body []byte) error {
	fields, err := form.Parse(contentType, body)
	if err != nil {
		return err
	}
	for i := range fields {
		if err := d.formField(&fields[i]); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) formField(f *form.Field) error {
	v := conversation.Quote(f.Value)
	if f.File != nil {
		v = conversation.Quote(f.File.Name + "?") // not hollow
	}
	use, err := d.Field(requestFields, []byte(f.Name), jsontext.Value(v))
	switch {
	case err != nil || !use:
		return err
	case f.File != nil:
		return d.file(f)
	case f.Value == "":
		return nil
	}
	switch f.Name {
	case "n", "output_compression":
		return d.field(f.Name, jsontext.Value(f.Value))
	case "stream":
		switch strings.ToLower(f.Value) {
		case "true", "1":
			d.own.stream = true
		case "false", "0":
			d.own.stream = false
		default:
			return d.Invalid("stream", "Input should be 'true' or 'false'")
		}
		return nil
	}
	return d.field(f.Name, jsontext.Value(v))
}

// file reads an image.
func (d *decoder) file(f *form.Field) error {
	if f.Name != "image" && f.Name != "images" {
		return d.Invalid(f.Name, "a value belongs here, and no file")
	}
	if len(f.File.Data) == 0 {
		return d.Invalid(f.Name, "the file is empty")
	}
	kind := strings.ToLower(f.File.MIME)
	if !strings.HasPrefix(kind, "image/") {
		kind, _, _ = strings.Cut(http.DetectContentType(f.File.Data), ";") // many SDKs declare every file as application/octet-stream
	}
	if !strings.HasPrefix(kind, "image/") || !conversation.ValidMIME(kind) {
		return d.Invalid(f.Name, "the file is no image that is known; send png, jpeg or webp")
	}
	data := append(make([]byte, 0, base64.StdEncoding.EncodedLen(len(f.File.Data))+len(`""`)), '"')
	data = append(base64.StdEncoding.AppendEncode(data, f.File.Data), '"')
	d.add(conversation.Media{MIME: kind, Data: data})
	return nil
}
