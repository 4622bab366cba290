package embeddings

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
)

// own is what the decoder passes to the encoder, in conversation.Request.
type own struct {
	base64 bool
}

// maxDimensions is how long Gemini's vectors are at most.
const maxDimensions = 3072

// decoder reads one request.
type decoder struct {
	jsonwalk.Walker

	own        own
	want       conversation.Embedding
	dimensions *int
	misnamed   string            // a field that holds the texts in other APIs
	task       conversation.Text // nil for none
}

// Decode implements dialect.Dialect.
func (d *Dialect) Decode(route dialect.Route, _ policies.Headers, body []byte) (*conversation.Request, error) {
	return jsonwalk.DecodeSanitized(body, func(body []byte) (*conversation.Request, error) {
		dec := &decoder{Walker: jsonwalk.Walker{Req: &conversation.Request{Model: route.Model}, Brackets: true, Gone: route.Gone}}
		if err := dec.Body(body, dec.member); err != nil {
			return nil, err
		}
		return dec.finish()
	})
}

func (d *decoder) member(r *jsonwalk.Reader, name []byte) error {
	v, err := r.Value()
	if err != nil {
		return err
	}
	switch string(name) {
	case "prompt", "content", "contents", "text", "texts", "inputs", "messages": // Ollama's, Gemini's, Cohere's and others'
		d.misnamed = string(name)
	}
	use, err := d.Field(requestFields, name, v)
	if err != nil || !use {
		return err
	}
	switch string(name) {
	case "model":
		return setting.Model(&d.Walker, v)
	case "input":
		return d.input(v)
	case "dimensions":
		n, err := d.Count("dimensions", v)
		if err == nil && (n == 0 || n > maxDimensions) {
			err = d.Invalid("dimensions", "Input should be greater than or equal to 1 and less than or equal to %d", maxDimensions)
		}
		d.dimensions = &n
		return err
	}
	if string(name) == "encoding_format" {
		return d.format(v)
	}
	return d.readTask(string(name), v)
}

// format reads encoding_format.
func (d *decoder) format(v jsontext.Value) error {
	text, err := d.Text("encoding_format", v)
	if err != nil {
		return err
	}
	switch s := text.String(); s {
	case "float", "base64":
		d.own.base64 = s == "base64"
		return nil
	}
	return d.Invalid("encoding_format", "Input should be 'float' or 'base64'")
}

// input reads a text, or a list of texts.
func (d *decoder) input(v jsontext.Value) error {
	d.want = conversation.Embedding{Each: "input"}
	switch v.Kind() {
	case '"':
		return d.text("input", v)
	case '[':
	default:
		return d.Invalid("input", "Input should be a string, or a list of strings")
	}
	d.want = conversation.Embedding{List: "input"}
	return d.Within("input", func() error {
		return d.List(v, func(i int, v jsontext.Value) error {
			switch {
			case i == conversation.MaxInputs:
				return jsonwalk.TooMany("input", conversation.MaxInputs, "inputs")
			case v.Kind() == '0' || v.Kind() == '[':
				return &conversation.Error{Kind: conversation.ErrUnsupported, Param: "input",
					Message: "input: lists of tokens are not supported, since they are those of another model; send the texts (in LangChain: check_embedding_ctx_length=False)"}
			}
			return d.text("", v)
		})
	})
}

// text adds an input of one text, the value of field name.
func (d *decoder) text(name string, v jsontext.Value) error {
	text, err := d.Text(name, v)
	switch {
	case err != nil:
		return err
	case text.Empty():
		return d.Invalid(name, "an empty text has no embedding")
	}
	d.want.Inputs = append(d.want.Inputs, conversation.EmbeddingInput{
		Parts: []conversation.Part{{Kind: conversation.KindText, Text: text}},
	})
	return nil
}

// finish checks what needs the whole request.
func (d *decoder) finish() (*conversation.Request, error) {
	switch {
	case d.Req.Model == "":
		return nil, d.Invalid("model", "Field required")
	case len(d.want.Inputs) == 0 && d.want.List == "" && d.misnamed != "":
		return nil, d.Invalid(d.misnamed, "the texts belong into the field input, a string or a list of strings")
	case len(d.want.Inputs) == 0:
		return nil, d.Invalid("input", "at least one text is required")
	}
	for i := range d.want.Inputs {
		d.want.Inputs[i].Dimensions, d.want.Inputs[i].Task = d.dimensions, d.task
	}
	d.Req.Embedding, d.Req.Own = &d.want, d.own
	return d.Req, nil
}
