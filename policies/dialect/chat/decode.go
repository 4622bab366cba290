package chat

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
	"github.com/heald-proxy/heald/policies/dialect/internal/tool"
	"github.com/heald-proxy/heald/policies/dialect/responses"
)

// fieldNames are the API's names of fields that are named otherwise in package
// conversation.
var fieldNames = &conversation.FieldNames{Fields: map[string]string{
	"stop_sequences": "stop", "voice": "audio.voice",
	"image": "image_config", "image.ratio": "image_config.aspect_ratio", "image.scale": "image_config.image_size",
	"format": "response_format", "format.schema": "response_format.json_schema.schema",
	"thinking_config": "extra_body.google.thinking_config",
	"cached_content":  "extra_body.google.cached_content",
	"safety_settings": "extra_body.google.safety_settings",
}}

// decoder reads one request.
type decoder struct {
	*jsonwalk.Walker

	own      own
	messages bool // the field was there

	// Combined once all fields are known, since they come in any order.
	maxTokens     *int // max_tokens
	maxCompletion *int // max_completion_tokens, max_output_tokens
	functions     []conversation.Tool
	added         []conversation.Tool // within input, of another API
	system        []conversation.Part // in fields of other APIs
	input         bool                // the field of another API was there
	hollow        jsontext.Value      // it holds nothing
	search        *conversation.Tool
	thinking      thinking
	choice        tool.Choice
}

// Decode implements dialect.Dialect.
func (d *Dialect) Decode(route dialect.Route, _ policies.Headers, body []byte) (*conversation.Request, error) {
	return jsonwalk.DecodeSanitized(body, func(body []byte) (*conversation.Request, error) { return d.decode(route, body) })
}

func (d *Dialect) decode(route dialect.Route, body []byte) (*conversation.Request, error) {
	dec := &decoder{Walker: &jsonwalk.Walker{
		Req:      &conversation.Request{Model: route.Model, Stream: route.Stream, FieldNames: fieldNames},
		Brackets: true,
		Gone:     route.Gone,
	}}
	if err := dec.Body(body, dec.member); err != nil {
		return nil, err
	}
	if err := dec.finish(); err != nil {
		return nil, err
	}
	return dec.Req, nil
}

// member reads one member of the body. Only messages, which is nearly all of
// the body, is decoded while it is read; other values are read whole first.
func (d *decoder) member(r *jsonwalk.Reader, name []byte) error {
	if string(name) == "messages" && r.Kind() == '[' {
		return d.Within("messages", func() error { return d.readMessages(r) })
	}
	v, err := r.Value()
	if err != nil {
		return err
	}
	if err := setting.StraySchema(d.Walker, requestFields, name, v); err != nil {
		return err
	}
	use, err := d.Field(requestFields, name, v)
	if err != nil || !use {
		return err
	}
	return d.field(string(name), v)
}

// field reads one top-level field that has a meaning: the simple ones here,
// objects and lists in structure.
func (d *decoder) field(name string, v jsontext.Value) error {
	switch name {
	case "messages":
		return d.Invalid(name, "Input should be a valid list")
	case "model":
		return setting.Model(d.Walker, v)
	case "stream":
		stream, err := d.Flag(name, v)
		d.Req.Stream = stream
		return err
	case "parallel_tool_calls":
		parallel, err := d.Flag(name, v)
		d.Req.OneCall = d.Req.OneCall || !parallel
		return err
	case "reasoning_effort":
		effort, err := d.Text(name, v)
		d.thinking.effort = effort.String()
		return err
	case "enable_thinking", "include_reasoning", "reasoning_format":
		return d.thinkingField(name, v)
	case "thinking_config", "thinkingConfig", "safety_settings", "safetySettings":
		return d.googleSetting(name, v)
	case "service_tier":
		return openai.Tier(d.Walker, v)
	case "prompt_cache_key":
		key, err := d.Text(name, v)
		d.Req.Session = setting.Session(key.String())
		return err
	case "verbosity":
		return openai.Verbosity(d.Walker, v)
	case "stop", "stop_sequences":
		return setting.Stops(d.Walker, name, v)
	case "input", "instructions", "system":
		return d.foreign(name, v)
	case "max_completion_tokens", "max_output_tokens", "max_tokens", "temperature", "top_p", "top_k", "seed", "random_seed",
		"presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "n":
		return d.limit(name, v)
	}
	return d.Within(name, func() error { return d.structure(name, v) })
}

func (d *decoder) structure(name string, v jsontext.Value) error {
	switch name {
	case "stream_options":
		return d.Object(v, d.streamOptions)
	case "tools":
		d.own.freeform = nil
		return d.tools(v, &d.Req.Tools)
	case "functions":
		return d.tools(v, &d.functions)
	case "tool_choice", "function_call":
		return d.choice.Read(d.Walker, v, tool.Named)
	case "response_format":
		return setting.Format(d.Walker, "json_schema", v)
	case "guided_json", "response_schema":
		return setting.Schema(d.Walker, v)
	case "output_format":
		return setting.Format(d.Walker, "schema", v)
	case "text":
		return d.Object(v, func(m jsonwalk.Members) error { return d.formatWithin(m, textFields) })
	case "output_config":
		return d.Object(v, func(m jsonwalk.Members) error { return d.formatWithin(m, outputFields) })
	case "reasoning":
		return d.Object(v, d.reasoning)
	case "thinking":
		return d.Object(v, d.thinkingObject)
	case "chat_template_kwargs":
		return d.Object(v, d.template)
	case "modalities":
		return d.modalities(v)
	case "audio":
		return d.Object(v, d.audio)
	case "image_config":
		return d.Object(v, d.imageConfig)
	case "web_search_options":
		return d.Object(v, d.searchOptions)
	case "google":
		return d.Object(v, d.google)
	default: // extra_body
		return d.Object(v, func(m jsonwalk.Members) error {
			if err := m.Apply(extraFields); err != nil {
				return err
			}
			return m.Object("google", d.google)
		})
	}
}

func (d *decoder) streamOptions(m jsonwalk.Members) error {
	if err := m.Apply(streamFields); err != nil {
		return err
	}
	var err error
	d.own.usage, err = m.Flag("include_usage")
	return err
}

// finish checks what must be present and joins settings that several fields
// give.
func (d *decoder) finish() error {
	if d.Req.Model == "" {
		return d.Invalid("model", "Field required")
	}
	if d.messages && d.input {
		return d.Invalid("input", "the conversation stands in messages too; send one of them")
	}
	if !d.messages && !d.input {
		if d.hollow.Kind() != '"' {
			return d.Invalid("messages", "Field required")
		}
		if _, err := responses.Input(d.Walker, d.hollow); err != nil { // an empty text
			return err
		}
	}
	d.leadSystem()
	d.dropTagged()
	d.joinTools()
	d.Req.Limits.MaxTokens = d.maxTokens
	if d.maxCompletion != nil {
		d.Req.Limits.MaxTokens = d.maxCompletion
	}
	if err := d.resolveThinking(); err != nil {
		return err
	}
	d.Req.Own = d.own
	return d.choice.Settle(d.Walker, toolTypes)
}
