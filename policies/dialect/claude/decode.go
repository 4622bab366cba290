package claude

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

// Decode implements dialect.Dialect.
func (d *Dialect) Decode(route dialect.Route, headers policies.Headers, body []byte) (*conversation.Request, error) {
	dec := &decoder{req: &conversation.Request{
		Model:   route.Model,
		Stream:  route.Stream,
		Session: headerSession(headers),
	}}
	r := dec.borrow(sanitize(body))
	if err := dec.request(r); err != nil {
		return nil, syntax(err)
	}
	if err := r.end(); err != nil {
		return nil, syntax(err)
	}
	if err := dec.finish(); err != nil {
		return nil, err
	}
	return dec.req, nil
}

// request reads the body. Its fields are read as they come; only messages is
// walked into at once, since it is nearly all of the body.
func (d *decoder) request(r *reader) error {
	if r.kind() != '{' {
		if _, err := r.value(); err != nil {
			return err
		}
		return d.invalid("", "The request body should be a JSON object")
	}
	return r.object(func(name []byte) error {
		if string(name) == "messages" && r.kind() == '[' {
			return d.within("messages", func() error { return d.messages(r) })
		}
		v, err := r.value()
		if err != nil {
			return err
		}
		use, err := d.sort(requestFields, name, v)
		if err != nil || !use {
			return err
		}
		return d.field(string(name), v)
	})
}

// field reads one top-level field that has a meaning.
func (d *decoder) field(name string, v jsontext.Value) error {
	switch name {
	case "messages":
		return d.invalid(name, "Input should be a valid list")
	case "model":
		return d.model(v)
	case "stream":
		stream, err := d.flag(name, v)
		d.req.Stream = stream
		return err
	case "speed":
		if string(v) != `"standard"` {
			d.warn(name, "left out: the upstream has no fast mode")
		}
		return nil
	case "service_tier":
		if string(v) == `"standard_only"` {
			d.req.Upstream.ServiceTier = "standard"
		}
		return nil
	case "max_tokens", "temperature", "top_p", "top_k":
		return d.limit(name, v)
	}
	return d.within(name, func() error {
		switch name {
		case "system":
			return d.system(v)
		case "stop_sequences":
			return d.stops(v)
		case "thinking":
			return d.object(v, d.readThinking)
		case "output_config":
			return d.object(v, d.outputConfig)
		case "output_format":
			return d.object(v, d.format)
		case "tools":
			return d.tools(v)
		case "tool_choice":
			return d.object(v, d.choice)
		default: // metadata
			return d.object(v, d.metadata)
		}
	})
}

// finish checks what must be there and joins what several fields say.
func (d *decoder) finish() error {
	if d.req.Model == "" {
		return d.invalid("model", "Field required")
	}
	if d.req.Messages == nil {
		return d.invalid("messages", "Field required")
	}
	d.req.Tools = append(d.req.Tools, d.added...)
	if d.deferred > maxDeferred {
		d.req.Warn("tools", "every deferred tool is sent at once; that many make the model choose worse")
	}
	d.req.Thinking = d.resolveThinking()
	return nil
}
