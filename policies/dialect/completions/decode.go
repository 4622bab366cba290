package completions

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
)

// defaultTokens is the output limit of requests that set none.
const defaultTokens = 16

// fieldNames are the API's names of fields that are named otherwise in package
// conversation.
var fieldNames = &conversation.FieldNames{Fields: map[string]string{"stop_sequences": "stop"}}

// own is what the decoder passes to the encoder.
type own struct {
	usage bool // stream_options.include_usage
}

type decoder struct {
	jsonwalk.Walker

	own    own
	prompt bool // the field was there
	// belongs is the path of another API, one of whose fields was present, and
	// that field.
	belongs, misplaced string
}

// elsewhere maps fields of other APIs that hold the prompt to the paths of
// these APIs.
var elsewhere = map[string]string{"messages": "/v1/chat/completions", "input": "/v1/responses"}

// Decode implements dialect.Dialect.
func (d *Dialect) Decode(route dialect.Route, _ policies.Headers, body []byte) (*conversation.Request, error) {
	return jsonwalk.DecodeSanitized(body, func(body []byte) (*conversation.Request, error) { return decode(route, body) })
}

func decode(route dialect.Route, body []byte) (*conversation.Request, error) {
	most := defaultTokens
	d := &decoder{Walker: jsonwalk.Walker{
		Req:      &conversation.Request{Model: route.Model, FieldNames: fieldNames, Limits: conversation.Limits{MaxTokens: &most}},
		Brackets: true,
		Gone:     route.Gone,
	}}
	// Thoughts would use up the few tokens that these clients ask for.
	d.Req.Thinking.Intent = conversation.ThinkOff
	err := d.Body(body, func(r *jsonwalk.Reader, name []byte) error {
		v, err := r.Value()
		if err != nil {
			return err
		}
		if path, ok := elsewhere[string(name)]; ok {
			d.belongs, d.misplaced = path, string(name)
		}
		use, err := d.Field(requestFields, name, v)
		if err != nil || !use {
			return err
		}
		return d.field(string(name), v)
	})
	switch {
	case err != nil:
		return nil, err
	case d.Req.Model == "":
		return nil, d.Invalid("model", "Field required")
	case !d.prompt && d.belongs != "":
		return nil, d.Invalid(d.misplaced, "this path takes a prompt; requests with %s belong to %s", d.misplaced, d.belongs)
	case !d.prompt:
		return nil, d.Invalid("prompt", "Field required")
	}
	d.Req.Own = d.own
	return d.Req, nil
}

// field reads a top-level field that has a meaning.
func (d *decoder) field(name string, v jsontext.Value) (err error) {
	l := &d.Req.Limits
	switch name {
	case "model":
		return setting.Model(&d.Walker, v)
	case "prompt":
		return d.readPrompt(v)
	case "stream":
		d.Req.Stream, err = d.Flag(name, v)
	case "stream_options":
		return d.Within(name, func() error { return d.Object(v, d.streamOptions) })
	case "max_tokens":
		return openai.Limit(&d.Walker, &l.MaxTokens, name, v)
	case "temperature":
		return setting.Set(&l.Temperature, name, v, d.Number)
	case "top_p":
		return setting.Set(&l.TopP, name, v, d.Number)
	case "presence_penalty":
		return setting.Set(&l.PresencePenalty, name, v, d.Number)
	case "frequency_penalty":
		return setting.Set(&l.FrequencyPenalty, name, v, d.Number)
	case "seed":
		seed, err := openai.Seed(&d.Walker, name, v)
		l.Seed = &seed
		return err
	case "stop":
		return setting.Stops(&d.Walker, "stop", v)
	default: // n, best_of
		n, err := d.Count(name, v)
		if err == nil && n > 1 {
			return d.Unsupported(name, "one answer per request; send the request again for another")
		}
		return err
	}
	return err
}

func (d *decoder) streamOptions(m jsonwalk.Members) (err error) {
	if err := m.Apply(streamFields); err != nil {
		return err
	}
	d.own.usage, err = m.Flag("include_usage")
	return err
}

// readPrompt reads a text, or a list with one.
func (d *decoder) readPrompt(v jsontext.Value) error {
	if v.Kind() != '[' {
		return d.addPrompt("prompt", v)
	}
	count := 0
	err := d.Within("prompt", func() error {
		return d.List(v, func(i int, v jsontext.Value) error {
			count++
			switch {
			case v.Kind() == '0' || v.Kind() == '[':
				return d.Unsupported("", "tokens are not the original service's; send the prompt as text")
			case i > 0:
				return d.Unsupported("", "one prompt per request; send the others in requests of their own")
			}
			return d.addPrompt("", v)
		})
	})
	if err == nil && count == 0 {
		return d.Invalid("prompt", "List should have at least 1 item")
	}
	return err
}

func (d *decoder) addPrompt(name string, v jsontext.Value) error {
	text, err := d.Text(name, v)
	if err != nil {
		return err
	}
	parts := []conversation.Part{{Kind: conversation.KindText, Text: text}}
	d.Mark(name, parts)
	d.Req.Messages, d.prompt = []conversation.Message{{Role: conversation.User, Parts: parts}}, true
	return nil
}
