package gemini

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestCompileSchema(t *testing.T) {
	// prop makes a root with one property p, since most rules show below it.
	prop := func(schema string) string { return `{"type":"object","properties":{"p":` + schema + `}}` }
	for _, c := range []struct {
		name, in, want string // want "" means unchanged, to the byte
	}{
		{"verbatim", "{ \"type\":\"object\", \"properties\" : {\"a\":{\"type\":[\"string\",\"null\"],\"title\":\"A\"}},\n \"required\":[\"a\"],\"additionalProperties\":false }", ""},
		{"patterns alone", `{"type":"object","patternProperties":{"^x-":{"type":"string"}},"additionalProperties":false}`,
			`{"type":"object","additionalProperties":{"type":"string"},"description":"(patternProperties: {\"^x-\":{\"type\":\"string\"}})"}`},
		{"several patterns", prop(`{"patternProperties":{"a":{},"b":{"type":"null"}}}`),
			prop(`{"additionalProperties":true,"description":"(patternProperties: {\"a\":{},\"b\":{\"type\":\"null\"}})"}`)},
		{"patterns beside properties", prop(`{"type":"object","properties":{"a":{"type":"string"}},"patternProperties":{"b":{}},"additionalProperties":false}`),
			prop(`{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false,"description":"(patternProperties: {\"b\":{}})"}`)},
		{"verbatim with definitions", `{"type":"object","properties":{"a":{"$ref":"#/$defs/N"}},"$defs":{"N":{"type":"object","properties":{"next":{"$ref":"#/$defs/N"}}}}}`, ""},
		{"every listed keyword", prop(`{"type":"array","format":"f","title":"t","description":"d","items":{"type":"integer","minimum":-1.50,"maximum":12345678901234567890},"minItems":1,"maxItems":2,"prefixItems":[{"type":"string"}],"$id":"i","$anchor":"a"}`), ""},
		{"property ordering", `{"type":"object","properties":{"a":{"type":"string"}},"propertyOrdering":["a"]}`, ""},
		{"required may be empty", `{"type":"object","properties":{"a":{"type":"string"}},"required":[]}`, ""},

		{"zod keywords", `{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"a":{"type":"integer","exclusiveMinimum":0}},"additionalProperties":false}`,
			`{"type":"object","properties":{"a":{"type":"integer","description":"(exclusiveMinimum: 0)"}},"additionalProperties":false}`},
		{"hints follow the description", prop(`{"type":"string","minLength":1,"description":"a \"b\"","pattern":"^\\d+$"}`),
			prop(`{"type":"string","description":"a \"b\" (minLength: 1; pattern: \"^\\\\d+$\")"}`)},
		{"long hints are left out", prop(`{"type":"string","pattern":"` + strings.Repeat("x", 300) + `"}`), prop(`{"type":"string"}`)},
		{"unknown keywords go silently", prop(`{"type":"string","x-a":1,"readOnly":true,"strict":true,"$comment":"c"}`), prop(`{"type":"string"}`)},
		{"listed keyword of the wrong kind", prop(`{"type":"string","minimum":"1","title":5,"format":null,"description":{}}`), prop(`{"type":"string"}`)},
		{"properties named like keywords", `{"type":"object","properties":{"$ref":{"type":"string"},"type":{"type":"string"},"properties":{"type":"object","properties":{"allOf":{"type":"string"}}},"const":{"type":"string"},"required":{"type":"boolean"},"default":{"type":"string"}},"required":["$ref","type"]}`, ""},

		{"const string", prop(`{"const":"a"}`), prop(`{"enum":["a"],"type":"string"}`)},
		{"const number keeps its digits", prop(`{"type":"number","const":1.0}`), prop(`{"type":"number","enum":[1.0]}`)},
		{"const boolean", prop(`{"const":true}`), prop(`{"type":"boolean","description":"(const: true)"}`)},
		{"const null", prop(`{"const":null}`), prop(`{"type":"null","description":"(const: null)"}`)},
		{"numeric enum stays", prop(`{"type":"integer","enum":[1,2]}`), ""},
		{"empty enum member", prop(`{"type":"string","enum":["","a"]}`), prop(`{"type":"string","enum":["a"],"description":"(enum: [\"\",\"a\"])"}`)},
		{"boolean enum", prop(`{"enum":[true,false]}`), prop(`{"type":"boolean","description":"(enum: [true,false])"}`)},
		{"null in enum", prop(`{"type":["string","null"],"enum":["a",null]}`), prop(`{"type":["string","null"],"enum":["a"],"description":"(enum: [\"a\",null])"}`)},

		{"nullable", prop(`{"type":"string","nullable":true}`), prop(`{"type":["string","null"]}`)},
		{"nullable anyOf", prop(`{"anyOf":[{"type":"string"}],"nullable":true}`), prop(`{"anyOf":[{"type":"string"},{"type":"null"}]}`)},
		{"upper-case types", prop(`{"type":["STRING","null"]}`), prop(`{"type":["string","null"]}`)},
		{"upper-case type", prop(`{"type":"Integer","minItems":1.5,"maxItems":-1}`), prop(`{"type":"integer"}`)},
		{"counts", prop(`{"type":"array","items":{"type":"string"},"minItems":0,"maxItems":123456789}`), ""},
		{"counts beyond an int32", prop(`{"type":"array","items":{"type":"string"},"maxItems":1234567890}`), prop(`{"type":"array","items":{"type":"string"}}`)},
		{"counts in other words", prop(`{"type":"array","items":{"type":"string"},"minItems":1e2,"maxItems":"12"}`), prop(`{"type":"array","items":{"type":"string"}}`)},
		{"unknown type", prop(`{"type":"date"}`), prop(`{}`)},
		{"array without items", prop(`{"type":"array"}`), prop(`{"type":"array","items":{"type":"string"}}`)},
		{"array of anything", prop(`{"type":["array","null"],"items":{}}`), prop(`{"type":["array","null"],"items":{"type":"string"}}`)},
		{"tuple of old drafts", prop(`{"type":"array","items":[{"type":"string"},{"const":1}]}`), prop(`{"type":"array","prefixItems":[{"type":"string"},{"enum":[1],"type":"number"}]}`)},
		{"required without property", `{"type":"object","properties":{"a":{"type":"string"}},"required":["b","a","a"]}`, `{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}`},
		{"required of old drafts", prop(`{"type":"string","required":true}`), prop(`{"type":"string"}`)},
		{"boolean schemas", `{"type":"object","properties":{"a":true,"b":false},"required":["a","b"]}`, `{"type":"object","properties":{"a":{}},"required":["a"]}`},

		{"oneOf", prop(`{"oneOf":[{"type":"string"},false,{"type":"number"}]}`), prop(`{"anyOf":[{"type":"string"},{"type":"number"}]}`)},
		{"anyOf of required lists", `{"type":"object","properties":{"a":{"type":"string"}},"anyOf":[{"required":["a"]},{"required":["b"]}]}`, `{"type":"object","properties":{"a":{"type":"string"}}}`},
		{"anyOf with anything stays", prop(`{"anyOf":[{},{"type":"null"}]}`), ""},
		{"allOf", `{"allOf":[{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]},{"properties":{"a":{"type":"number"},"b":{"type":"string"}},"required":["b","a"]}],"description":"d"}`,
			`{"description":"d","type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"required":["a","b"]}`},
		{"allOf of one", prop(`{"allOf":[{"type":"string"}]}`), prop(`{"type":"string"}`)},
		{"nested allOf", prop(`{"allOf":[{"allOf":[{"type":"string"},{"title":"t"}]}]}`), prop(`{"type":"string","title":"t"}`)},
		{"allOf resolves references", `{"type":"object","properties":{"p":{"allOf":[{"$ref":"#/$defs/A"},{"title":"t"}]}},"$defs":{"A":{"type":"string"}}}`,
			`{"type":"object","properties":{"p":{"type":"string","title":"t"}},"$defs":{"A":{"type":"string"}}}`},

		{"$ref with siblings", `{"type":"object","properties":{"p":{"$ref":"#/$defs/A","description":"d","default":"x"}},"$defs":{"A":{"type":"string"}}}`,
			`{"type":"object","properties":{"p":{"description":"d (default: \"x\")","anyOf":[{"$ref":"#/$defs/A"}]}},"$defs":{"A":{"type":"string"}}}`},
		{"$ref with silent siblings", `{"type":"object","properties":{"p":{"$ref":"#/$defs/A","x-a":1}},"$defs":{"A":{"type":"string"}}}`,
			`{"type":"object","properties":{"p":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"string"}}}`},
		{"pydantic reference", `{"type":"object","properties":{"p":{"allOf":[{"$ref":"#/definitions/A"}],"title":"t"}},"definitions":{"A":{"type":"string"}}}`,
			`{"type":"object","properties":{"p":{"title":"t","anyOf":[{"$ref":"#/$defs/A"}]}},"$defs":{"A":{"type":"string"}}}`},
		{"definitions become $defs", `{"type":"object","properties":{"p":{"$ref":"#/definitions/A"}},"definitions":{"A":{"type":"string","minLength":1}}}`,
			`{"type":"object","properties":{"p":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"string","description":"(minLength: 1)"}}}`},
		{"definitions beside $defs", `{"type":"object","properties":{"a":{"$ref":"#/$defs/A"},"b":{"$ref":"#/definitions/B"}},"definitions":{"A":{"type":"number"},"B":{"type":"boolean"}},"$defs":{"A":{"type":"string"}}}`,
			`{"type":"object","properties":{"a":{"$ref":"#/$defs/A"},"b":{"$ref":"#/$defs/B"}},"$defs":{"A":{"type":"string"},"B":{"type":"boolean"}}}`},
		{"reference to a property", `{"type":"object","properties":{"a":{"type":"string","title":"t"},"b":{"$ref":"#/properties/a","title":"u"}}}`,
			`{"type":"object","properties":{"a":{"type":"string","title":"t"},"b":{"title":"u","type":"string"}}}`},
		{"escaped reference", `{"type":"object","properties":{"a/b~c d":{"type":"string"},"b":{"$ref":"#/properties/a~1b~0c%20d"}}}`,
			`{"type":"object","properties":{"a/b~c d":{"type":"string"},"b":{"type":"string"}}}`},
		{"reference to nothing", prop(`{"$ref":"https://example.com/s.json"}`), prop(`{"description":"(#ref)"}`)},
		{"recursion by the root", `{"type":"object","properties":{"kids":{"type":"array","items":{"$ref":"#"}}}}`,
			`{"type":"object","properties":{"kids":{"type":"array","items":{"$ref":"#/$defs/recursive1"}}},"$defs":{"recursive1":{"type":"object","properties":{"kids":{"type":"array","items":{"$ref":"#/$defs/recursive1"}}}}}}`},
		{"recursion by a property", `{"type":"object","properties":{"a":{"type":"object","properties":{"a":{"$ref":"#/properties/a"}}}}}`,
			`{"type":"object","properties":{"a":{"type":"object","properties":{"a":{"$ref":"#/$defs/recursive1"}}}},"$defs":{"recursive1":{"type":"object","properties":{"a":{"$ref":"#/$defs/recursive1"}}}}}`},
		{"recursion by a root with $defs", `{"type":"object","properties":{"kids":{"$ref":"#"},"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"string"}}}`,
			`{"type":"object","properties":{"kids":{"$ref":"#/$defs/recursive1"},"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"string"},"recursive1":{"type":"object","properties":{"kids":{"$ref":"#/$defs/recursive1"},"a":{"$ref":"#/$defs/A"}}}}}`},
		{"recursion by a property with $defs", `{"type":"object","properties":{"a":{"type":"object","$defs":{"X":{"type":"string"}},"properties":{"a":{"$ref":"#/properties/a"}}}}}`,
			`{"type":"object","properties":{"a":{"type":"object","$defs":{"X":{"type":"string"}},"properties":{"a":{"$ref":"#/$defs/recursive1"}}}},"$defs":{"recursive1":{"type":"object","$defs":{"X":{"type":"string"}},"properties":{"a":{"$ref":"#/$defs/recursive1"}}}}}`},
		{"allOf of itself", `{"type":"object","properties":{"p":{"$ref":"#/$defs/A"}},"$defs":{"A":{"title":"t","allOf":[{"$ref":"#/$defs/A"},{"type":"string"}]}}}`,
			`{"type":"object","properties":{"p":{"$ref":"#/$defs/A"}},"$defs":{"A":{"title":"t","type":"string"}}}`},

		{"root reference", `{"$ref":"#/$defs/A","$defs":{"A":{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}}}}}`,
			`{"$defs":{"A":{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}}}},"type":"object","properties":{"a":{"$ref":"#/$defs/A"}}}`},
		{"root without type", `{"properties":{"a":{"type":"string"}}}`, `{"properties":{"a":{"type":"string"}},"type":"object"}`},
		{"root choice", `{"anyOf":[{"type":"object","properties":{"a":{"type":"string"},"k":{"type":"string"}},"required":["a","k"]},{"$ref":"#/$defs/B"}],"$defs":{"B":{"properties":{"b":{"type":"string"},"k":{"type":"number"}},"required":["k"]}}}`,
			`{"type":"object","$defs":{"B":{"properties":{"b":{"type":"string"},"k":{"type":"number"}},"required":["k"]}},"properties":{"a":{"type":"string"},"k":{"type":"string"},"b":{"type":"string"}},"required":["k"]}`},
		{"root of another type", `{"type":"string","$defs":{"A":{"type":"string"}}}`, `{"type":"object","properties":{"value":{"type":"string"}},"required":["value"],"$defs":{"A":{"type":"string"}}}`},
		{"root may be null", `{"type":["object","null"],"properties":{"a":{"type":"string"}}}`, `{"type":"object","properties":{"a":{"type":"string"}}}`},
		{"repeated members", `{"type":"object","properties":{"a":{"type":"string","type":"number"}}}`, prop(`{"type":"number"}`)},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := c.want
			if want == "" {
				want = c.in
			}
			want = strings.ReplaceAll(want, "(#ref)", `($ref: \"https://example.com/s.json\")`)
			if c.name == "repeated members" {
				want = strings.ReplaceAll(want, `"p"`, `"a"`)
			}
			got, err := compileAlone(conversation.Raw(c.in), schemaOptions{object: true})
			if err != nil || string(got) != want {
				t.Errorf("in   %s\ngot  %s %v\nwant %s", c.in, got, err, want)
			}
		})
	}
}

func TestCompileSchemaOmits(t *testing.T) {
	for _, in := range []string{
		"", "null", "true", "[]", "{}", `{"type":"object"}`, `{"type":"object","properties":{}}`,
		`{"type":"object","properties":{},"additionalProperties":false,"$schema":"s","description":"d"}`,
	} {
		if got, err := compileAlone(conversation.Raw(in), schemaOptions{object: true}); got != nil || err != nil {
			t.Errorf("%s: got %s %v", in, got, err)
		}
	}
	for name, in := range map[string]string{
		"a free-form object":     `{"type":"object","additionalProperties":true}`,
		"an object that chooses": `{"type":"object","anyOf":[{"type":"object","properties":{"a":{"type":"string"}}},{"type":"object","properties":{"b":{"type":"string"}}}]}`,
	} {
		if got, _ := compileAlone(conversation.Raw(in), schemaOptions{object: true}); string(got) != in {
			t.Errorf("%s became %s", name, got)
		}
	}
}

func TestCompileResponseSchema(t *testing.T) {
	for _, in := range []string{`{"type":"array","items":{"type":"string"}}`, `{"anyOf":[{"type":"string"},{"type":"number"}]}`} {
		if got, err := compileAlone(conversation.Raw(in), schemaOptions{}); string(got) != in || err != nil {
			t.Errorf("%s: got %s %v", in, got, err)
		}
	}
}

func TestCompileSchemaRelaxed(t *testing.T) {
	long := strings.Repeat("d", 400)
	enum := strings.TrimSuffix(strings.Repeat(`"e",`, 101), ",")
	in := `{"type":"object","properties":{"a":{"type":"array","items":{"type":"string","format":"uri","enum":[` + enum + `]},"minItems":1,"description":"` + long + `"},"b":{"type":"number","minimum":0,"description":"short","multipleOf":2}}}`
	want := `{"type":"object","properties":{"a":{"type":"array","items":{"type":"string"}},"b":{"type":"number","description":"short"}}}`
	got, err := compileAlone(conversation.Raw(in), schemaOptions{object: true, relaxed: true})
	if string(got) != want || err != nil {
		t.Errorf("got %s %v", got, err)
	}
}

func TestCompileSchemaLimits(t *testing.T) {
	deep := func(open, close string, n int) string {
		return `{"type":"object","properties":{"a":` + strings.Repeat(open, n) + `{"type":"string"}` + strings.Repeat(close, n) + `}}`
	}
	// Each property refers twice to the one before: 2^30 copies.
	bomb := `{"type":"object","properties":{"p0":{"type":"string"}`
	for i := range 30 {
		ref := fmt.Sprintf(`{"$ref":"#/properties/p%d"}`, i)
		bomb += fmt.Sprintf(`,"p%d":{"type":"object","properties":{"x":%s,"y":%s}}`, i+1, ref, ref)
	}
	bomb += "}}"
	for _, c := range []struct {
		name, in string
		want     error
	}{
		{"40 levels", deep(`{"type":"object","properties":{"a":`, "}}", 40), nil},
		{"101 levels", deep(`{"type":"object","properties":{"a":`, "}}", 101), errSchemaDepth},
		{"a hundred thousand levels", deep(`{"items":`, "}", 100_000), errSchemaDepth},
		{"arrays", strings.Repeat("[", 100_000), errSchemaDepth},
		{"reference bomb", bomb, errSchemaSize},
		{"cut off", `{"type":"object"`, errSchemaSyntax},
		{"not JSON", `{type}`, errSchemaSyntax},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := compileAlone(conversation.Raw(c.in), schemaOptions{}); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// A tool is merely offered, so its schema is cut where Google would not read the
// request any more.
func TestDeepToolsAreCut(t *testing.T) {
	for _, level := range []string{`{"type":"object","properties":{"a":%s}}`, `{"type":"array","items":%s}`, `{"anyOf":[%s,{"type":"object","properties":{"b":{"type":"string"}}}]}`} {
		for _, n := range []int{30, 60, 99, 150, 500} {
			in := `{"type":"string","minimum":1}`
			for range n {
				in = fmt.Sprintf(level, in)
			}
			in = `{"type":"object","properties":{"p":` + in + `}}`
			for _, opts := range []schemaOptions{{object: true}, {object: true, proto: true}, {object: true, native: true}, {object: true, native: true, proto: true}} {
				got, told, err := compileSchema(conversation.Raw(in), opts, newSchemaBudget(len(in)))
				if err != nil || slices.Contains(told, cutWarning) != (n > maxSchemaLevels) {
					t.Errorf("%d levels of %s, %+v: %v %v", n, level, opts, told, err)
				}
				depth, deepest := 0, 0
				for _, c := range got {
					switch c {
					case '{', '[':
						depth++
						deepest = max(deepest, depth)
					case '}', ']':
						depth--
					}
				}
				if deepest < min(n, maxSchemaLevels) || deepest > 94 {
					t.Errorf("%d levels of %s, %+v: nested %d deep", n, level, opts, deepest)
				}
			}
		}
	}
}

// What comes out is valid JSON, holds no keyword that the API does not list,
// and is left alone by a second run.
func FuzzCompileSchema(f *testing.F) {
	f.Add([]byte(`{"$ref":"#/definitions/a","definitions":{"a":{"oneOf":[{"const":"x"},{"$ref":"#"}]}}}`), true, false)
	f.Add([]byte(`{"type":["array","null"],"items":[true,{"enum":["",null,1]}],"nullable":true,"default":[1]}`), false, true)
	f.Add([]byte(`{"allOf":[{"$ref":"#/properties/a"},{"required":["a","b"]}],"properties":{"a":{"allOf":[{"$ref":"#"}]}}}`), true, false)
	f.Add([]byte(`{"anyOf":[{"properties":{"$ref":{"type":"x"}},"required":["$ref"]},{"type":"string"}],"exclusiveMinimum":1}`), true, true)
	f.Add([]byte(`{"properties":{"a":{"$ref":"#/properties/b/items"},"b":{"items":{"$ref":"#/properties/a"}}}}`), true, false)
	f.Add([]byte(`{"allOf":[{"$ref":"#"}]}`), false, false)
	f.Add([]byte(`{"allOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"anyOf":[{"$ref":"#"}],"$ref":"#/$defs/b"},"b":{"$ref":"#/properties"}},"properties":{"$ref":{}}}`), true, false)
	f.Fuzz(func(t *testing.T, in []byte, object, relaxed bool) {
		opts := schemaOptions{object: object, relaxed: relaxed}
		once, err := compileAlone(in, opts)
		if err != nil || once == nil {
			return
		}
		if !json.Valid(once) {
			t.Fatalf("%s\nbecame %s", in, once)
		}
		root, err := parseSchema(once)
		if err != nil {
			return // deeper than what may be read, from references resolved
		}
		checkKeywords(t, root)
		if root.get("$ref") != nil {
			t.Fatalf("%s\nbecame a reference: %s", in, once)
		}
		twice, err := compileAlone(once, opts)
		if err != nil {
			return
		}
		if string(twice) != string(once) {
			t.Fatalf("%s\nbecame %s\nbecame %s", in, once, twice)
		}
	})
}

// checkKeywords walks a compiled schema.
func checkKeywords(t *testing.T, n *schemaNode) {
	const listed = " type format title description items minItems maxItems minimum maximum properties required anyOf" +
		" propertyOrdering enum $defs $ref $id $anchor prefixItems additionalProperties "
	for _, f := range n.fields {
		if !strings.Contains(listed, " "+f.name+" ") {
			t.Fatalf("keyword %q in %s", f.name, n.raw)
		}
		switch f.name {
		case "properties", "$defs":
			for _, p := range f.node.fields {
				checkKeywords(t, p.node)
			}
		case "items", "additionalProperties":
			checkKeywords(t, f.node)
		case "anyOf", "prefixItems":
			for _, item := range f.node.items {
				checkKeywords(t, item)
			}
		case "$ref":
			if !strings.HasPrefix(f.node.text(), defsPointer) {
				t.Fatalf("reference %s", f.node.raw)
			}
		}
	}
}

func BenchmarkCompileSchema(b *testing.B) {
	clean := `{"type":"object","properties":{"a":{"type":"string","description":"` + strings.Repeat("d", 500) + `"},"b":{"type":"array","items":{"type":"number"}}},"required":["a"],"additionalProperties":false}`
	for name, in := range map[string]string{
		"clean": clean,
		"zod":   strings.Replace(clean, `{`, `{"$schema":"http://json-schema.org/draft-07/schema#",`, 1),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				if _, err := compileAlone(conversation.Raw(in), schemaOptions{object: true}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// compileAlone compiles the only schema of a request.
func compileAlone(raw conversation.Raw, opts schemaOptions) (conversation.Raw, error) {
	out, _, err := compileSchema(raw, opts, newSchemaBudget(len(raw)))
	return out, err
}
