package claude

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// Images reads the field images of a message, which several APIs have beside the
// content: base64 or addresses (Ollama), parts (routers of models, for images
// that the model made), or objects that hold either.
func Images(w *jsonwalk.Walker, ids func(id string) (bare, carrier string), v jsontext.Value, parts *[]conversation.Part) error {
	d := decoder{Walker: w, ids: ids}
	return w.Within("images", func() error {
		if v.Kind() != '[' {
			return d.image(v, parts)
		}
		return w.List(v, func(_ int, v jsontext.Value) error { return d.image(v, parts) })
	})
}

// image reads one of them.
func (d *decoder) image(v jsontext.Value, parts *[]conversation.Part) error {
	before := len(*parts)
	defer func() { d.Mark("", (*parts)[before:]) }()
	switch v.Kind() {
	case 'n':
		return nil
	case '"':
		*parts = append(*parts, openai.Address(d.Walker, "", conversation.Text(v), ""))
		return nil
	}
	return d.Object(v, func(m jsonwalk.Members) error {
		if m.Get("type") == nil {
			return openai.Bare(d.Walker, m, parts)
		}
		return d.part("image", m, parts)
	})
}
