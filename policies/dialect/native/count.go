package native

import "strconv"

// TokenCount encodes a count that the gateway estimated itself.
func (d *Dialect) TokenCount(n int) []byte {
	return append(strconv.AppendInt([]byte(`{"totalTokens":`), int64(n), 10), '}')
}

// countTokens repairs a CountTokensRequest. AI Studio takes contents alone, or
// a whole request in a wrapper; Vertex AI takes parts of a request and no
// wrapper. Clients send either form.
func (r *repair) countTokens() error {
	wrapped, flat := false, false // a wrapper; members that AI Studio wants wrapped
	model := -1
	return r.members(func(i int, name []byte) (outcome, error) {
		switch string(name) {
		case "generateContentRequest", "generate_content_request":
			wrapped = true
			return keep, r.wrapper()
		case "contents":
		case "model":
			model = i
			return r.model()
		default:
			flat = true
		}
		return r.countField(name)
	}, func(it items) {
		if r.vertex || wrapped || !flat {
			return
		}
		if model >= 0 {
			it.list[model].outcome = cut
		}
		_, full := it.end()
		head := `"generateContentRequest":{"model":` + quoted("models/"+r.target.Model)
		if full {
			head += ","
		}
		r.replace(it.open, it.open, head)
		at := it.open
		if n := len(it.list); n > 0 {
			at = it.list[n-1].to
		}
		r.replace(at, at, "}")
	})
}

// countField repairs a member of the request that is counted. What Vertex AI's
// countTokens does not know adds no tokens.
func (r *repair) countField(name []byte) (outcome, error) {
	switch string(name) {
	case "toolConfig", "tool_config":
		f, _, err := r.toolConfig()
		return f, err
	case "safetySettings", "safety_settings", "cachedContent", "cached_content", "serviceTier", "service_tier", "labels":
		if r.vertex {
			return cut, r.skip()
		}
	}
	return r.field(name)
}

// wrapper repairs the request inside of generateContentRequest. For Vertex AI
// it takes the place of the whole body.
func (r *repair) wrapper() error {
	start := r.at()
	model := false
	err := r.members(func(_ int, name []byte) (outcome, error) {
		if string(name) == "model" {
			model = true
			return r.model()
		}
		return r.countField(name)
	}, func(it items) {
		if start = it.open - 1; r.vertex {
			return
		}
		if at, full := it.end(); !model {
			r.insert(at, full, `"model":`+quoted("models/"+r.target.Model))
		}
	})
	if err == nil && r.vertex {
		r.unwrap(start, r.at())
	}
	return err
}

// unwrap removes everything around text[from:to].
func (r *repair) unwrap(from, to int) {
	r.replace(0, from, "")
	r.replace(to, len(r.text), "")
}
