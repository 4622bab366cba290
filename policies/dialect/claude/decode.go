package claude

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
)

// Decode implements dialect.Dialect.
func (d *Dialect) Decode(route dialect.Route, headers policies.Headers, body []byte) (*conversation.Request, error) {
	return jsonwalk.DecodeSanitized(body, func(body []byte) (*conversation.Request, error) { return d.decode(route, headers, body) })
}

func (d *Dialect) decode(route dialect.Route, headers policies.Headers, body []byte) (*conversation.Request, error) {
	dec := &decoder{Walker: &jsonwalk.Walker{Req: &conversation.Request{
		Model:      route.Model,
		Stream:     route.Stream,
		Session:    headerSession(headers),
		FieldNames: fieldNames,
	}, Gone: route.Gone}}
	if err := dec.Body(body, dec.member); err != nil {
		return nil, err
	}
	if err := dec.finish(); err != nil {
		return nil, err
	}
	return dec.Req, nil
}

// member reads one member of the body. Values are read as they come; only
// messages is walked into at once, since it is nearly all of the body.
func (d *decoder) member(r *jsonwalk.Reader, name []byte) error {
	if string(name) == "messages" && r.Kind() == '[' {
		return d.Within("messages", func() error { return d.messages(r) })
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

// field reads one top-level field that has a meaning.
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
	case "speed":
		if string(v) != `"standard"` {
			d.Warn(name, "left out: the upstream has no fast mode")
		}
		return nil
	case "inference_geo":
		if string(v) != `"global"` {
			return d.Unsupported(name, requestFields.Find([]byte(name)).Why)
		}
		return nil
	case "service_tier":
		if string(v) == `"standard_only"` {
			d.Req.Upstream.ServiceTier = "standard"
		}
		return nil
	case "stop":
		return setting.Stops(d.Walker, name, v)
	case "reasoning_effort":
		effort, err := d.Text(name, v)
		d.effort = effort.String()
		return err
	case "parallel_tool_calls":
		parallel, err := d.Flag(name, v)
		d.Req.OneCall = d.Req.OneCall || !parallel
		return err
	case "max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k":
		return d.limit(name, v)
	}
	return d.Within(name, func() error {
		switch name {
		case "system":
			return d.system(v)
		case "stop_sequences":
			return d.stops(v)
		case "thinking":
			return d.Object(v, d.readThinking)
		case "output_config":
			return d.Object(v, d.outputConfig)
		case "output_format":
			return setting.Format(d.Walker, "schema", v)
		case "response_format":
			return setting.Format(d.Walker, "json_schema", v)
		case "tools":
			d.deferred = 0
			return d.tools(v, &d.Req.Tools)
		case "functions":
			return d.tools(v, &d.functions)
		case "tool_choice":
			return d.choice(v)
		default: // metadata
			return d.Object(v, d.metadata)
		}
	})
}

// finish checks what must be present and joins settings that several fields
// give.
func (d *decoder) finish() error {
	if d.Req.Model == "" {
		return d.Invalid("model", "Field required")
	}
	if d.Req.Messages == nil {
		return d.Invalid("messages", "Field required")
	}
	d.leadSystem()
	d.Req.Tools = append(append(d.Req.Tools, d.functions...), d.added...)
	if d.deferred > maxDeferred {
		d.Warn("tools", "every deferred tool is sent at once; that many make the model choose worse")
	}
	d.Req.Thinking = d.resolveThinking()
	return d.toolChoice.Settle(d.Walker, toolTypes)
}
