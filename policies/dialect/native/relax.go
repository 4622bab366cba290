package native

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

const (
	// longDescription is the longest description, in bytes, that a relaxed
	// schema keeps.
	longDescription = 300
	// longEnum is the longest enum that it keeps.
	longEnum = 100
)

// relax takes out of a schema what makes the upstream refuse it for "too many
// states" or "maximum allowed nesting depth": bounds, formats, long enums and
// descriptions. What is left allows more than before. JSON Schema and the
// API's own schema type are told apart by no member that matters here.
func (r *repair) relax() error {
	return r.free(func(_ int, name []byte) (fate, error) {
		switch camel(name) {
		case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
			"minItems", "maxItems", "uniqueItems", "minLength", "maxLength",
			"minProperties", "maxProperties", "pattern", "format":
			return cut, r.skip()
		case "description":
			v, err := r.value()
			return fate(len(v) <= longDescription), err
		case "enum":
			n := 0
			err := r.array(func() error { n++; return r.skip() })
			return fate(n <= longEnum), err
		case "properties", "patternProperties", "$defs", "defs", "definitions":
			return keep, r.free(func(int, []byte) (fate, error) { return keep, r.relax() }, nil)
		case "items", "prefixItems", "additionalProperties", "anyOf", "oneOf", "allOf", "not":
			return keep, r.elements(func(int) (fate, error) { return keep, r.relax() }, nil)
		}
		return keep, r.skip()
	}, nil)
}

// declaration repairs the declaration of a function, which stands at at.
func (r *repair) declaration(at string) error {
	return r.members(func(_ int, name []byte) (fate, error) {
		field := camel(name)
		switch field {
		case "parameters", "parametersJsonSchema", "response", "responseJsonSchema":
			return keep, r.schema(at + "." + field)
		}
		if found, err := r.foreign("tools.functionDeclarations."+field, at+"."+field); found || err != nil {
			return cut, err
		}
		return keep, r.skip()
	}, nil)
}

// schema repairs the schema to come: it may not hold itself through required
// properties, and is relaxed after a refusal.
func (r *repair) schema(at string) error {
	v, err := r.value()
	if err != nil {
		return err
	}
	out, told := r.loops.Open(conversation.Raw(v))
	for _, why := range told {
		r.warn(at, why)
	}
	if r.opts.RelaxSchema {
		var s repair
		s.reset(out)
		if err := s.relax(); err != nil {
			return err
		}
		out = s.result()
	}
	if !bytes.Equal(out, v) {
		r.replace(r.at()-len(v), r.at(), string(out))
	}
	return nil
}

// Schemas returns what a body asks the upstream to obey, as raw values: two
// bodies for which they are equal are relaxed alike.
func (d *Dialect) Schemas(body []byte) [][]byte {
	var out [][]byte
	var s scan
	s.reset(body)
	take := func() error {
		v, err := s.value()
		if err == nil && v.Kind() != jsontext.KindNull {
			out = append(out, v)
		}
		return err
	}
	_ = s.object(func(name []byte) error {
		switch camel(name) {
		case "tools":
			return take()
		case "generationConfig":
			return s.object(func(name []byte) error {
				if responseSchema(name) {
					return take()
				}
				return s.skip()
			})
		}
		return s.skip()
	})
	return out
}

// responseSchema reports whether a member of the generationConfig is a schema.
func responseSchema(name []byte) bool {
	switch camel(name) {
	case "responseSchema", "responseJsonSchema", "ResponseJsonSchema":
		return true
	}
	return false
}
