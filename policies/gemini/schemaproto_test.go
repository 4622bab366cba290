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

func TestProtoSchema(t *testing.T) {
	prop := func(schema string) string { return `{"type":"object","properties":{"p":` + schema + `}}` }
	for _, c := range []struct{ name, in, want string }{
		{"object", `{"type":"object","properties":{"a":{"type":"string","description":"d"},"n":{"type":"integer","minimum":0,"maximum":5}},"required":["a"],"additionalProperties":false,"title":"T"}`,
			`{"type":"object","properties":{"a":{"type":"string","description":"d"},"n":{"type":"integer","minimum":0,"maximum":5}},"required":["a"],"title":"T"}`},
		{"string or null", prop(`{"type":["string","null"]}`), prop(`{"type":"string","nullable":true}`)},
		{"several types", prop(`{"type":["string","array","null"],"items":{"type":"number"},"enum":["a"],"description":"d"}`),
			prop(`{"anyOf":[{"type":"string","enum":["a"]},{"type":"array","items":{"type":"number"}}],"description":"d","nullable":true}`)},
		{"choice with null", prop(`{"anyOf":[{"type":"string"},{"type":"number"},{"type":"null"}],"title":"t"}`),
			prop(`{"anyOf":[{"type":"string"},{"type":"number"}],"title":"t","nullable":true}`)},
		{"choice of one", prop(`{"anyOf":[{"type":"string","description":"inner"},{"type":"null"}],"description":"outer"}`),
			prop(`{"type":"string","description":"outer","nullable":true}`)},
		{"choice beside a type", prop(`{"type":"string","anyOf":[{"type":"string"},{"type":"number"}]}`), prop(`{"type":"string"}`)},
		{"enum of numbers", prop(`{"type":"integer","enum":[1,2],"description":"d"}`), prop(`{"type":"integer","description":"d (enum: [1,2])"}`)},
		{"enum without type", prop(`{"enum":["a","b"]}`), prop(`{"type":"string","enum":["a","b"]}`)},
		{"const", prop(`{"const":"a"}`), prop(`{"type":"string","enum":["a"]}`)},
		{"format", prop(`{"type":"string","format":"uri"}`), prop(`{"type":"string","description":"(format: uri)"}`)},
		{"format that is known", prop(`{"type":"string","format":"date-time"}`), prop(`{"type":"string","format":"date-time"}`)},
		{"tuple", prop(`{"type":"array","prefixItems":[{"type":"string"},{"type":"number"}],"minItems":2}`), prop(`{"type":"array","items":{"anyOf":[{"type":"string"},{"type":"number"}]},"minItems":2}`)},
		{"anything", prop(`{}`), prop(`{"type":"string"}`)},
		{"null alone", prop(`{"type":"null"}`), prop(`{"type":"string","nullable":true}`)},
		{"reference", `{"type":"object","properties":{"p":{"$ref":"#/$defs/A","description":"d"}},"$defs":{"A":{"type":"string"}}}`, prop(`{"type":"string","description":"d"}`)},
		{"recursion is cut", `{"type":"object","properties":{"p":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}}}}}`,
			prop(`{"type":"object","properties":{"a":{"type":"object","properties":{"a":{"type":"object"}}}}}`)},
		{"free-form object", `{"type":"object","additionalProperties":true}`, ``},
		{"nothing", `{}`, ``},
	} {
		got, err := compileAlone(conversation.Raw(c.in), schemaOptions{object: true, proto: true})
		if err != nil || string(got) != c.want {
			t.Errorf("%s:\ngot  %s %v\nwant %s", c.name, got, err, c.want)
		}
	}
}

func TestProtoSchemaLimits(t *testing.T) {
	// Each definition refers twice to the one before.
	bomb := `{"type":"object","properties":{"p":{"$ref":"#/$defs/d30"}},"$defs":{"d0":{"type":"string"}`
	for i := range 30 {
		bomb += fmt.Sprintf(`,"d%d":{"type":"object","properties":{"x":{"$ref":"#/$defs/d%d"},"y":{"$ref":"#/$defs/d%[2]d"}}}`, i+1, i)
	}
	bomb += "}}"
	if _, err := compileAlone(conversation.Raw(bomb), schemaOptions{object: true, proto: true}); !errors.Is(err, errSchemaSize) {
		t.Errorf("got %v", err)
	}
}

func TestProtoSchemaFields(t *testing.T) {
	const schema = `{"type":"object","properties":{"a":{"type":["string","null"]}}}`
	const own = `{"type":"object","properties":{"a":{"type":"string","nullable":true}}}`
	req := &conversation.Request{Messages: []conversation.Message{user(text("hi"))}, Tools: []conversation.Tool{{Name: "f", Schema: conversation.Raw(schema)}}}
	body := rendered(t, req, Target{Model: "gemini-2.0-flash"}, Options{})
	if got, want := string(body["tools"]), `[{"functionDeclarations":[{"name":"f","parameters":`+own+`}]}]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	req.Tools, req.Format = nil, &conversation.Format{Schema: conversation.Raw(schema)}
	body = rendered(t, req, Target{Model: strict}, Options{ProtoSchema: true})
	if got, want := string(body["generationConfig"]), `{"responseMimeType":"application/json","responseSchema":`+own+`}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What comes out is valid JSON in which every schema has one type or a choice,
// and nothing that the API's own type does not have.
func FuzzProtoSchema(f *testing.F) {
	f.Add([]byte(`{"$ref":"#/definitions/a","definitions":{"a":{"oneOf":[{"const":"x"},{"$ref":"#"}]}}}`), true)
	f.Add([]byte(`{"type":["array","null","object"],"items":[true,{"enum":["",null,1]}],"properties":{"a":{"anyOf":[{"type":"null"}]}}}`), false)
	f.Fuzz(func(t *testing.T, in []byte, object bool) {
		out, err := compileAlone(in, schemaOptions{object: object, proto: true})
		if err != nil || out == nil {
			return
		}
		root, err := parseSchema(out)
		if err != nil {
			if !json.Valid(out) {
				t.Fatalf("%s\nbecame %s", in, out)
			}
			return // deeper than what may be read, from references resolved
		}
		checkProto(t, root)
	})
}

func checkProto(t *testing.T, n *schemaNode) {
	known := strings.Fields("type format title description items minItems maxItems minimum maximum properties required anyOf propertyOrdering enum nullable")
	for _, f := range n.fields {
		if !slices.Contains(known, f.name) {
			t.Fatalf("member %q in %s", f.name, n.raw)
		}
	}
	kind := n.get("type")
	if (kind == nil) != (n.get("anyOf") != nil) || kind != nil && (kind.text() == "" || kind.text() == "null") {
		t.Fatalf("not one type: %s", n.raw)
	}
	if kind.text() == "array" && n.get("items") == nil || n.get("enum") != nil && kind.text() != "string" {
		t.Fatalf("items or enum: %s", n.raw)
	}
	for _, name := range []string{"items", "anyOf", "properties"} {
		m := n.get(name)
		switch {
		case m == nil:
		case name == "items":
			checkProto(t, m)
		default:
			for _, item := range m.items {
				checkProto(t, item)
			}
			for _, p := range m.fields {
				checkProto(t, p.node)
			}
		}
	}
}
