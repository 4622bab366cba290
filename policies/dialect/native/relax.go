package native

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/gemini"
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
	return r.free(func(_ int, name []byte) (outcome, error) {
		switch camel(name) {
		case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
			"minItems", "maxItems", "uniqueItems", "minLength", "maxLength",
			"minProperties", "maxProperties", "pattern", "format":
			return cut, r.skip()
		case "description":
			v, err := r.value()
			return outcome(len(v) <= longDescription), err
		case "enum":
			n := 0
			err := r.array(func() error { n++; return r.skip() })
			return outcome(n <= longEnum), err
		case "properties", "patternProperties", "$defs", "defs", "definitions":
			return keep, r.free(func(int, []byte) (outcome, error) { return keep, r.relax() }, nil)
		case "items", "prefixItems", "additionalProperties", "anyOf", "oneOf", "allOf", "not":
			return keep, r.elements(func(int) (outcome, error) { return keep, r.relax() }, nil)
		}
		return keep, r.skip()
	}, nil)
}

// declarations repairs those of functions, which stand at at. A function for
// which the API would refuse the whole request is left out, since it is only
// offered. It cannot be renamed, since the calls in replies are not rewritten.
func (r *repair) declarations(at string) (outcome, error) {
	kept := keep
	err := r.elements(func(i int) (outcome, error) {
		at := fmt.Sprintf("%s[%d]", at, i)
		name, err := r.declaration(at)
		switch {
		case err != nil || name == nil:
			return keep, err
		case !gemini.NativeName(string(name)):
			r.warn(at+".name", "left out: the API takes no function of this name; start it with a letter or _, and use letters, digits, _, ., : and - only, 128 at most")
			return cut, nil
		case r.declared[string(name)]:
			r.warn(at+".name", "a second tool of the same name was left out")
			return cut, nil
		}
		if r.declared == nil {
			r.declared = map[string]bool{}
		}
		r.declared[string(name)] = true
		return keep, nil
	}, func(it items) {
		_, full := it.end()
		kept = outcome(full || len(it.list) == 0)
	})
	return kept, err
}

// declaration repairs the declaration of a function, which stands at at, and
// returns the function's name.
func (r *repair) declaration(at string) (name []byte, err error) {
	err = r.members(func(_ int, member []byte) (outcome, error) {
		field := camel(member)
		switch field {
		case "name":
			v, err := r.value()
			if v.Kind() == '"' {
				name = jsonwalk.Unquote(v)
			}
			return keep, err
		case "parameters", "parametersJsonSchema", "response", "responseJsonSchema":
			return r.schema(at+"."+field, field)
		}
		if found, err := r.foreign("tools.functionDeclarations."+field, at+"."+field); found || err != nil {
			return cut, err
		}
		return keep, r.skip()
	}, nil)
	return name, err
}

// schema repairs the next value, a schema in the field of that name: it becomes
// one that the API takes, may not hold itself through required properties, and
// is relaxed after a refusal. If nothing of it is left, the field is left out.
func (r *repair) schema(at, field string) (outcome, error) {
	v, err := r.value()
	if err != nil || v.Kind() == 'n' {
		return keep, err
	}
	out, told := r.loops.Open(conversation.Raw(v))
	proto := !strings.HasSuffix(field, "JsonSchema")
	fit, more, err := r.schemas().Repair(out, proto, strings.HasPrefix(field, "parameters"))
	switch {
	case err != nil: // the upstream will say what is wrong
	case !bytes.Equal(fit, out):
		told = append(append(told, more...), "changed: "+notTaken)
		out = fit
	}
	for _, why := range told {
		r.warn(at, why)
	}
	if out == nil {
		return cut, nil
	}
	if r.opts.RelaxSchema {
		var s repair
		s.reset(out)
		if err := s.relax(); err != nil {
			return keep, err
		}
		out = s.result()
	}
	if !bytes.Equal(out, v) {
		r.replace(r.at()-len(v), r.at(), string(out))
	}
	return keep, nil
}

const notTaken = "it held what the API refuses in this field; what was left out stands in the descriptions"

// schemas returns the repairer of the request's schemas, which share one
// budget.
func (r *repair) schemas() *gemini.NativeSchemas {
	if r.allSchemas == nil {
		r.allSchemas = gemini.NewNativeSchemas(r.opts.Compiler, r.target.Kind, len(r.text))
	}
	return r.allSchemas
}

// Schemas returns the schemas in a body, as raw values: two bodies for which
// they are equal are relaxed alike.
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
