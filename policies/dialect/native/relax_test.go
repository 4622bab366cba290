package native

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
)

func TestRelax(t *testing.T) {
	long := strings.Repeat("a", longDescription)
	many := strings.TrimSuffix(strings.Repeat(`"a",`, longEnum+1), ",")
	for _, c := range []struct{ name, in, want string }{
		{"bounds and formats", `{"type":"string","format":"date","minLength":1,"max_length":"9","pattern":"a"}`, `{"type":"string"}`},
		{"properties of such names", `{"properties":{"format":{"type":"STRING"},"enum":{"minimum":1},"description":{}}}`, `{"properties":{"format":{"type":"STRING"},"enum":{},"description":{}}}`},
		{"deep", `{"items":{"anyOf":[{"minItems":1},{"additionalProperties":{"maximum":2}}]},"$defs":{"a":{"multipleOf":3}}}`, `{"items":{"anyOf":[{},{"additionalProperties":{}}]},"$defs":{"a":{}}}`},
		{"long description", `{"description":"` + long + `","type":"string"}`, `{"type":"string"}`},
		{"short description", `{"description":"a","additionalProperties":false}`, `{"description":"a","additionalProperties":false}`},
		{"long enum", `{"type":"string","enum":[` + many + `]}`, `{"type":"string"}`},
		{"short enum", `{"enum":["a","b"],"required":["format"]}`, `{"enum":["a","b"],"required":["format"]}`},
		{"no schema", `true`, `true`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r repair
			r.reset([]byte(c.in))
			if err := r.relax(); err != nil || string(r.result()) != c.want {
				t.Errorf("%v\n%s\nwant\n%s", err, r.result(), c.want)
			}
		})
	}
}

// Only a refusal relaxes schemas, in every place that takes one.
func TestRelaxEverywhere(t *testing.T) {
	const strict = `{"type":"object","properties":{"n":{"type":"number","minimum":1}}}`
	relaxed := strings.Replace(strict, `,"minimum":1`, "", 1)
	for _, where := range []string{
		`{"tools":[{"functionDeclarations":[{"name":"x","parameters":%s}]}]}`,
		`{"tools":[{"function_declarations":[{"name":"x","parametersJsonSchema":%s,"description":"` + strings.Repeat("a", 2*longDescription) + `"}]}]}`,
		`{"generationConfig":{"responseSchema":%s}}`,
		`{"generation_config":{"_responseJsonSchema":%s}}`,
	} {
		in := fmt.Sprintf(where, strict)
		for relax, want := range map[bool]string{true: fmt.Sprintf(where, relaxed), false: in} {
			got, _, err := New().Repair(&conversation.Request{}, []byte(in), gemini.Target{Model: "gemini-3.5-flash"}, gemini.Options{RelaxSchema: relax})
			if err != nil || string(got) != want {
				t.Errorf("relaxed %v, %v:\n%s\nwant\n%s", relax, err, got, want)
			}
		}
		if n := len(New().Schemas([]byte(in))); n != 1 {
			t.Errorf("%d schemas in %s", n, in)
		}
	}
}

// A loop of required properties is opened where it closes, in every place that
// takes a schema; a refusal takes out the rest.
func TestSchemaLoops(t *testing.T) {
	const in = `{ "type":"object", "properties":{"n":{"$ref":"#/$defs/N"}}, "$defs":{"N":{"type":"object","properties":{"next":{"$ref":"#/$defs/N"},"kids":{"type":"array","items":{"$ref":"#/$defs/N"},"maxItems":3}},"required":["next","kids"]}}}`
	const open = `{"type":"object","properties":{"n":{"$ref":"#/$defs/N"}},"$defs":{"N":{"type":"object","properties":{"next":{"$ref":"#/$defs/N"},"kids":{"type":"array","items":{"$ref":"#/$defs/N"},"maxItems":3}},"required":["kids"]}}}`
	relaxed := strings.Replace(strings.Replace(open, `,"maxItems":3`, "", 1), `,"required":["kids"]`, "", 1)
	for _, where := range []string{
		`{"tools":[{"functionDeclarations":[{"name":"x","parametersJsonSchema":%s}]}]}`,
		`{"tools":{"function_declarations":{"name":"x","parameters_json_schema":%s}}}`,
		`{"generationConfig":{"responseJsonSchema":%s}}`,
	} {
		for relax, want := range map[bool]string{false: open, true: relaxed} {
			req := &conversation.Request{}
			got, _, err := New().Repair(req, []byte(fmt.Sprintf(where, in)), gemini.Target{Model: "gemini-3.5-flash"}, gemini.Options{RelaxSchema: relax})
			if want := fmt.Sprintf(where, want); err != nil || string(got) != want {
				t.Errorf("%v\n%s\nwant\n%s", err, got, want)
			}
			if len(req.Warnings) == 0 || !strings.Contains(req.Warnings[0].Why, `"next" is not required any more`) {
				t.Errorf("warnings %v", req.Warnings)
			}
		}
	}
}
