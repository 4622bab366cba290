package main

import (
	"fmt"
	"strings"
)

// schemas are schemas that grow, for models that read JSON Schema and for
// those that read the API's own type, which has no references. before and
// after stand around the schema.
func schemas(before, after string) []sample {
	numbered := func(format string) func(i int) string {
		return func(i int) string { return strings.ReplaceAll(format, "#i", fmt.Sprint(i)) }
	}
	object := func(head string, element func(i int) string, tail string) func(n int) []byte {
		return list(before+`{"type":"object",`+head, element, tail+`}`+after)
	}
	twice := func(head, first, between, second, tail string) func(n int) []byte {
		return func(n int) []byte {
			one := list(head, numbered(first), between)(n)
			return list(before+`{"type":"object",`+string(one), numbered(second), tail+`}`+after)(n)
		}
	}
	rows := []struct {
		name string
		body func(n int) []byte
	}{
		{"properties", object(`"properties":{`, numbered(`"p#i":{"type":"string"}`), `}`)},
		{"properties that change", object(`"properties":{`, numbered(`"p#i":{"type":"string","minLength":#i}`), `}`)},
		{"required", object(`"properties":{"a":{"type":"string"}},"required":[`, numbered(`"p#i"`), `]`)},
		{"properties and required", twice(`"properties":{`, `"p#i":{"type":"string"}`, `},"required":[`, `"p#i"`, `]`)},
		{"enum", object(`"properties":{"a":{"enum":[`, numbered(`"e#i"`), `]}}`)},
		{"enum of mixed values", object(`"properties":{"a":{"enum":[null,`, numbered(`"e#i"`), `]}}`)},
		{"type", object(`"properties":{"a":{"type":[`, numbered(`"string"`), `]}}`)},
		{"anyOf", object(`"properties":{"a":{"anyOf":[`, numbered(`{"type":"object","properties":{"p#i":{"type":"string"}}}`), `]}}`)},
		{"anyOf at the root", list(before+`{"anyOf":[`, numbered(`{"type":"object","properties":{"p#i":{"type":"string"}},"required":["p#i"]}`), `]}`+after)},
		{"anyOf of one definition at the root", func(n int) []byte {
			many := list(`"properties":{`, numbered(`"p#i":{}`), `},"required":["p1"]`)(n)
			return list(before+`{"$defs":{"d":{"type":"object",`+string(many)+`}},"anyOf":[`, numbered(`{"$ref":"#/$defs/d"}`), `]}`+after)(n)
		}},
		{"oneOf", object(`"properties":{"a":{"oneOf":[`, numbered(`{"type":"string","title":"t#i"}`), `]}}`)},
		{"allOf", object(`"properties":{"a":{"allOf":[`, numbered(`{"properties":{"p#i":{"type":"string"}}}`), `]}}`)},
		{"allOf within allOf", func(n int) []byte {
			depth := min(n, 150)
			return []byte(before + `{"type":"object",` + strings.Repeat(`"allOf":[{"properties":{"a":{}}},{`, depth) + `"title":"t"` + strings.Repeat(`}]`, depth) + `}` + after)
		}},
		{"prefixItems", object(`"properties":{"a":{"type":"array","prefixItems":[`, numbered(`{"type":"string","title":"t#i"}`), `]}}`)},
		{"unknown keywords", object(``, numbered(`"x-#i":1`), `,"properties":{"a":{"type":"string"}}`)},
		{"definitions in use", twice(`"$defs":{`, `"d#i":{"type":"string","title":"t#i"}`, `},"properties":{`, `"p#i":{"$ref":"#/$defs/d#i"}`, `}`)},
		{"old definitions in use", twice(`"definitions":{`, `"d#i":{"type":"string","title":"t#i"}`, `},"properties":{`, `"p#i":{"$ref":"#/definitions/d#i"}`, `}`)},
		{"references to properties", object(`"properties":{"a":{"type":"string"},`, numbered(`"p#i":{"$ref":"#/properties/a"}`), `}`)},
		{"references to properties each", twice(`"properties":{"a":{"type":"object","properties":{`, `"q#i":{"type":"string"}`, `}},`, `"p#i":{"$ref":"#/properties/a/properties/q#i"}`, `}`)},
		{"references to a chain", object(`"properties":{"p0":{"type":"string"},`, func(i int) string {
			return fmt.Sprintf(`"p%d":{"$ref":"#/properties/p%d"}`, i+1, i)
		}, `}`)},
		{"references to nothing", object(`"properties":{"a":{"type":"string"},`, numbered(`"p#i":{"$ref":"#/properties/none#i"}`), `}`)},
		{"references to a long text", func(n int) []byte {
			return object(`"properties":{"a":{"type":"string","description":"`+strings.Repeat("d", n)+`"},`, numbered(`"p#i":{"$ref":"#/properties/a"}`), `}`)(n / 10)
		}},
		{"references to a long default", func(n int) []byte {
			return object(`"properties":{"a":{"type":"string","default":"`+strings.Repeat("d", n)+`"},`, numbered(`"p#i":{"$ref":"#/properties/a"}`), `}`)(n / 10)
		}},
		{"references to a definition with a long text", func(n int) []byte {
			return object(`"$defs":{"d":{"type":"string","description":"`+strings.Repeat("d", n)+`"}},"properties":{`, numbered(`"p#i":{"$ref":"#/$defs/d"}`), `}`)(n / 10)
		}},
		{"required that hold the schema", within(16, twice(`"properties":{`, `"p#i":{"$ref":"#"}`, `},"required":[`, `"p#i"`, `]`))},
		{"definitions that all lead to the first", within(60, object(`"properties":{"a":{"$ref":"#/$defs/d0"}},"$defs":{`, ring, `,"end":{}}`))},
		{"recursion by path", object(`"properties":{`, numbered(`"p#i":{"type":"object","properties":{"q":{"$ref":"#/properties/p#i"}}}`), `}`)},
		{"recursion by path, names taken", twice(`"$defs":{`, `"recursive#i":{"type":"string"}`, `},"properties":{`, `"p#i":{"type":"object","properties":{"q":{"$ref":"#/properties/p#i"}}}`, `}`)},
	}
	var out []sample
	for _, r := range rows {
		for _, at := range []target{studio, older} {
			name := "schema: " + r.name
			if at == older {
				name += " (for 2.0)"
			}
			out = append(out, sample{name: name, at: at, body: r.body})
		}
	}
	return out
}

// within makes bodies of fewer entries: schemas have a limit on values.
func within(share int, body func(n int) []byte) func(n int) []byte {
	return func(n int) []byte { return body(n/share + 1) }
}

// ring is a definition that holds the first one and the next one.
func ring(i int) string {
	return fmt.Sprintf(`"d%d":{"type":"object","properties":{"a":{"$ref":"#/$defs/d0"},"b":{"$ref":"#/$defs/d%d"}},"required":["b","a"]}`, i, i+1)
}
