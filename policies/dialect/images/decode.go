package images

import (
	"cmp"
	"mime"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/dataurl"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
)

// defaultModel is used for a request that names none.
const defaultModel = "gpt-image-1"

// fieldNames are the API's names of fields that are named otherwise in package
// conversation.
var fieldNames = &conversation.FieldNames{Fields: map[string]string{
	"modalities": "model", "messages": "prompt",
	"image.size": "size", "image.ratio": "size", "image.scale": "size", "image.format": "output_format", "image.quality": "output_compression",
}}

// own is what the decoder passes to the encoder.
type own struct {
	stream bool
	edit   bool
	words  int // length of the prompt, in bytes
	images int // images that came with the prompt
}

// decoder reads one request.
type decoder struct {
	jsonwalk.Walker

	own    own
	image  conversation.Image
	prompt conversation.Text
	given  []conversation.Part // images
}

// Decode implements dialect.Dialect.
func (d *Dialect) Decode(route dialect.Route, headers policies.Headers, body []byte) (*conversation.Request, error) {
	kind, _, _ := mime.ParseMediaType(headers.Get("content-type"))
	if route.Form && kind == "multipart/form-data" {
		dec := newDecoder(route)
		if err := dec.form(headers.Get("content-type"), body); err != nil {
			return nil, err
		}
		return dec.finish()
	}
	return jsonwalk.DecodeSanitized(body, func(body []byte) (*conversation.Request, error) { return newDecoder(route).decode(body) })
}

func newDecoder(route dialect.Route) *decoder {
	return &decoder{
		Walker: jsonwalk.Walker{Req: &conversation.Request{Model: route.Model, FieldNames: fieldNames}, Brackets: true, Gone: route.Gone},
		own:    own{edit: route.Method == edits},
	}
}

func (d *decoder) decode(body []byte) (*conversation.Request, error) {
	err := d.Body(body, func(r *jsonwalk.Reader, name []byte) error {
		v, err := r.Value()
		if err != nil {
			return err
		}
		use, err := d.Field(requestFields, name, v)
		if err != nil || !use {
			return err
		}
		return d.field(string(name), v)
	})
	if err != nil {
		return nil, err
	}
	return d.finish()
}

// field reads a field that has a meaning.
func (d *decoder) field(name string, v jsontext.Value) (err error) {
	switch name {
	case "model":
		return setting.Model(&d.Walker, v)
	case "prompt":
		d.prompt, err = d.Text(name, v)
	case "image", "images":
		return d.Within(name, func() error {
			if v.Kind() == '[' {
				return d.List(v, func(_ int, v jsontext.Value) error { return d.readImage(v) })
			}
			return d.readImage(v)
		})
	case "n":
		d.Req.Limits.Candidates, err = d.Count(name, v)
	case "response_format":
		format, err := d.Text(name, v)
		if said := format.String(); err == nil && said != "" && said != "b64_json" {
			return d.Unsupported(name, "no images are kept here that a URL could name; ask for b64_json")
		}
		return err
	case "stream":
		d.own.stream, err = d.Flag(name, v)
	default:
		return openai.Image(&d.Walker, &d.image, name, v)
	}
	return err
}

// readImage reads an image by its URL, or an object with one.
func (d *decoder) readImage(v jsontext.Value) error {
	if v.Kind() == '"' {
		return d.link("", conversation.Text(v))
	}
	return d.Object(v, func(m jsonwalk.Members) error {
		if err := m.Apply(imageFields); err != nil {
			return err
		}
		if m.Get("image_url").Kind() == '{' { // as in Chat Completions
			return m.Object("image_url", func(m jsonwalk.Members) error {
				url, err := m.NeedText("url")
				if err != nil {
					return err
				}
				return d.link("url", url)
			})
		}
		url, err := m.NeedText("image_url")
		if err != nil {
			return err
		}
		return d.link("image_url", url)
	})
}

func (d *decoder) link(name string, url conversation.Text) error {
	media, problem := dataurl.Media(url, "")
	if problem == "" && media.URI == "" && media.MIME == "" { // bare base64 has no type
		problem = "Input should be a data:, http:, https: or gs: URL"
	}
	if problem != "" {
		return d.Invalid(name, "%s", problem)
	}
	d.add(media)
	return nil
}

func (d *decoder) add(media conversation.Media) {
	d.given = append(d.given, conversation.Part{Kind: conversation.KindMedia, Media: &media, At: d.Place("image")})
}

// finish makes the conversation.
func (d *decoder) finish() (*conversation.Request, error) {
	switch {
	case d.prompt.Empty():
		return nil, d.Invalid("prompt", "Field required")
	case d.own.edit && len(d.given) == 0:
		return nil, d.Invalid("image", "Field required")
	case !d.own.edit && len(d.given) > 0:
		return nil, d.Unsupported("image", "an image to go by belongs to /v1/images/edits")
	}
	d.own.words, d.own.images = len(d.prompt), len(d.given)
	text := conversation.Part{Kind: conversation.KindText, Text: d.prompt, At: d.Place("prompt")}
	d.Req.Model = cmp.Or(d.Req.Model, defaultModel)
	d.Req.Messages = []conversation.Message{{Role: conversation.User, Parts: append(d.given, text)}}
	d.Req.Output = conversation.Output{Modalities: []string{"image"}, Image: &d.image}
	d.Req.Own = d.own
	return d.Req, nil
}
