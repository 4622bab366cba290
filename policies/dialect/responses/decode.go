package responses

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
	"github.com/heald-proxy/heald/policies/dialect/internal/tool"
)

// maxTopLogprobs is the original service's limit, and the upstream's.
const maxTopLogprobs = 20

const nothingToAnswer = "there is nothing to answer"

// fieldNames are the API's names of fields that are named otherwise in package
// conversation.
var fieldNames = &conversation.FieldNames{Fields: map[string]string{
	"messages": "input", "max_tokens": "max_output_tokens", "logprobs": "top_logprobs",
	"format": "text.format", "format.schema": "text.format.schema",
	"image.ratio": imageGeneration + ".size", "image.scale": imageGeneration + ".size", "image.size": imageGeneration + ".size",
	"image.format": imageGeneration + ".output_format", "image.quality": imageGeneration + ".output_compression",
}}

// decoder reads one request.
type decoder struct {
	*jsonwalk.Walker
	own *own

	count bool   // only tokens are counted, for which input may be absent or empty
	input string // the field that held the conversation; "" before it
	run   run
	stray string // an unknown field of the current item that may hold content
	// Combined once all fields are known, since they come in any order.
	instructions conversation.Text
	system       []conversation.Part // in the field of another API
	maxTokens    *int                // likewise
	cacheKey     string
	declared     []conversation.Tool // in tools
	functions    []conversation.Tool // in functions, of another API
	added        []conversation.Tool // in items
	toolChoice   tool.Choice
}

// Decode implements dialect.Dialect.
func (d *Dialect) Decode(route dialect.Route, headers policies.Headers, body []byte) (*conversation.Request, error) {
	return jsonwalk.DecodeSanitized(body, func(body []byte) (*conversation.Request, error) { return d.decode(route, headers, body) })
}

func (d *Dialect) decode(route dialect.Route, headers policies.Headers, body []byte) (*conversation.Request, error) {
	dec := &decoder{
		Walker: &jsonwalk.Walker{
			Req:      &conversation.Request{Model: route.Model, Stream: route.Stream, Session: session(headers), FieldNames: fieldNames},
			Brackets: true,
			Gone:     route.Gone,
		},
		own:   &own{calls: map[string]shape{}},
		count: route.Operation == conversation.CountTokens,
	}
	dec.Req.Thinking = conversation.Thinking{Visible: true, Carries: true}
	if err := dec.Body(body, dec.member); err != nil {
		return nil, err
	}
	if err := dec.finish(); err != nil {
		return nil, err
	}
	return dec.Req, nil
}

// member reads one member of the body. Only input, which is nearly all of the
// body, is decoded while it is read; other values are read whole first.
func (d *decoder) member(r *jsonwalk.Reader, name []byte) error {
	if n := string(name); (n == "input" || n == "messages") && r.Kind() == '[' {
		if err := d.once(n); err != nil {
			return err
		}
		return d.Within(n, func() error { return d.items(r) })
	}
	v, err := r.Value()
	if err != nil {
		return err
	}
	d.own.keep(name, v)
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
func (d *decoder) field(name string, v jsontext.Value) (err error) {
	switch name {
	case "model":
		return setting.Model(d.Walker, v)
	case "input":
		if err := d.once(name); err != nil {
			return err
		}
		return d.plainInput(v)
	case "messages":
		return d.Invalid(name, "Input should be a valid list")
	case "instructions":
		d.instructions, err = d.Text(name, v)
	case "stream":
		d.Req.Stream, err = d.Flag(name, v)
	case "parallel_tool_calls":
		parallel, err := d.Flag(name, v)
		d.Req.OneCall = d.Req.OneCall || !parallel
		return err
	case "prompt_cache_key":
		key, err := d.Text(name, v)
		d.cacheKey = setting.Session(key.String())
		return err
	case "service_tier":
		return openai.Tier(d.Walker, v)
	case "max_output_tokens":
		return openai.Limit(d.Walker, &d.Req.Limits.MaxTokens, name, v)
	case "stop", "stop_sequences":
		return setting.Stops(d.Walker, name, v)
	case "reasoning_effort":
		effort, err := d.Text(name, v)
		d.think(name, effort.String())
		return err
	case "max_tokens", "max_completion_tokens":
		return openai.Limit(d.Walker, &d.maxTokens, name, v)
	case "temperature":
		return setting.Set(&d.Req.Limits.Temperature, name, v, d.Number)
	case "top_p":
		return setting.Set(&d.Req.Limits.TopP, name, v, d.Number)
	case "top_logprobs":
		return d.topLogprobs(name, v)
	default:
		return d.Within(name, func() error { return d.structure(name, v) })
	}
	return err
}

func (d *decoder) structure(name string, v jsontext.Value) (err error) {
	switch name {
	case "reasoning":
		return d.Object(v, d.reasoning)
	case "text", "output_config":
		return d.Object(v, d.text)
	case "response_format":
		return setting.Format(d.Walker, "json_schema", v)
	case "output_format":
		return setting.Format(d.Walker, "schema", v)
	case "system":
		d.system, err = claude.System(d.Walker, v)
		return err
	case "functions":
		d.functions = nil
		return d.tools(v, &d.functions)
	case "include":
		return d.include(v)
	case "tools":
		d.declared = nil
		return d.tools(v, &d.declared)
	default: // tool_choice, function_call
		return d.choice(v)
	}
}

// topLogprobs reads how many alternatives to return. 0, the default, asks for
// none.
func (d *decoder) topLogprobs(name string, v jsontext.Value) error {
	n, err := d.Count(name, v)
	switch {
	case err != nil || n == 0:
		return err
	case n > maxTopLogprobs:
		return d.Invalid(name, "Input should be less than or equal to %d", maxTopLogprobs)
	}
	d.Req.Limits.Logprobs, d.Req.Limits.TopLogprobs = true, &n
	return nil
}

// include reads what replies should hold beside the usual.
func (d *decoder) include(v jsontext.Value) error {
	return d.List(v, func(_ int, v jsontext.Value) error {
		if string(jsonwalk.Chars(v)) == "message.output_text.logprobs" {
			d.Req.Limits.Logprobs = true
		}
		return nil
	})
}

// session returns the session that Codex names in a header. Older versions
// write it with an underscore.
func session(h policies.Headers) string {
	if s := setting.Session(h.Get("session-id")); s != "" {
		return s
	}
	return setting.Session(h.Get("session_id"))
}

// finish checks required fields and combines settings that several fields give.
func (d *decoder) finish() error {
	if d.Req.Model == "" {
		return d.Invalid("model", "Field required")
	}
	if d.input == "" && !d.count {
		return d.Invalid("input", "Field required")
	}
	d.leadSystem()
	if len(d.Req.Messages) == 0 && !d.count {
		return d.Invalid("input", nothingToAnswer)
	}
	d.Req.Tools = append(append(d.declared, d.functions...), d.added...)
	if d.Req.Limits.MaxTokens == nil {
		d.Req.Limits.MaxTokens = d.maxTokens
	}
	for i := range d.Req.Tools {
		d.own.cites = d.own.cites || d.Req.Tools[i].Cites()
	}
	if d.Req.Session == "" {
		d.Req.Session = d.cacheKey
	}
	d.Req.Own = d.own
	if kind := d.toolChoice.Chosen; kind != "" && kind != imageGeneration {
		return d.checkHosted()
	}
	return d.toolChoice.Settle(d.Walker, toolTypes)
}
