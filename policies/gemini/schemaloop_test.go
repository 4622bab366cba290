package gemini

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// loops are schemas that hold themselves; want is what goes upstream, "" what
// was given. TestStrictUpstream sends them, too.
var loops = []struct {
	name, in, want string
	told           string
}{
	{"optional", `{"type":"object","properties":{"f":{"$ref":"#/$defs/N"}},"required":["f"],"$defs":{"N":{"type":"object","properties":{"next":{"$ref":"#/$defs/N"},"v":{"type":"string"}},"required":["v"]}}}`, "", ""},
	{"array", `{"type":"object","properties":{"f":{"$ref":"#/$defs/N"}},"required":["f"],"$defs":{"N":{"type":"object","properties":{"kids":{"type":"array","items":{"$ref":"#/$defs/N"}}},"required":["kids"]}}}`, "", ""},
	{"array or null", `{"type":"object","properties":{"f":{"$ref":"#/$defs/N"}},"$defs":{"N":{"type":"object","properties":{"kids":{"anyOf":[{"type":"array","items":{"$ref":"#/$defs/N"}},{"type":"null"}]}},"required":["kids"]}}}`, "", ""},
	{"required itself", `{"type":"object","properties":{"f":{"$ref":"#/$defs/N"}},"$defs":{"N":{"type":"object","properties":{"v":{"type":"string"},"next":{"$ref":"#/$defs/N"}},"required":["v","next"]}}}`,
		`{"type":"object","properties":{"f":{"$ref":"#/$defs/N"}},"$defs":{"N":{"type":"object","properties":{"v":{"type":"string"},"next":{"$ref":"#/$defs/N"}},"required":["v"]}}}`, "next"},
	{"the root", `{"type":"object","properties":{"x":{"$ref":"#"}},"required":["x"]}`,
		`{"type":"object","properties":{"x":{"$ref":"#/$defs/recursive1"}},"required":["x"],"$defs":{"recursive1":{"type":"object","properties":{"x":{"$ref":"#/$defs/recursive1"}}}}}`, "x"},
	{"and, or filters", `{"type":"object","properties":{"filter":{"$ref":"#/$defs/F"}},"required":["filter"],"$defs":{"F":{"anyOf":[{"$ref":"#/$defs/Leaf"},{"$ref":"#/$defs/And"},{"$ref":"#/$defs/Or"}]},"Leaf":{"type":"object","properties":{"field":{"type":"string"}},"required":["field"]},"And":{"type":"object","properties":{"left":{"$ref":"#/$defs/F"},"right":{"$ref":"#/$defs/F"}},"required":["left","right"]},"Or":{"type":"object","properties":{"any":{"type":"array","items":{"$ref":"#/$defs/F"}}},"required":["any"]}}}`,
		`{"type":"object","properties":{"filter":{"$ref":"#/$defs/F"}},"required":["filter"],"$defs":{"F":{"anyOf":[{"$ref":"#/$defs/Leaf"},{"$ref":"#/$defs/And"},{"$ref":"#/$defs/Or"}]},"Leaf":{"type":"object","properties":{"field":{"type":"string"}},"required":["field"]},"And":{"type":"object","properties":{"left":{"$ref":"#/$defs/F"},"right":{"$ref":"#/$defs/F"}}},"Or":{"type":"object","properties":{"any":{"type":"array","items":{"$ref":"#/$defs/F"}}},"required":["any"]}}}`, "left right"},
	{"two definitions", `{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"object","properties":{"b":{"$ref":"#/$defs/B"}},"required":["b"]},"B":{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"required":["a"]}}}`,
		`{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"object","properties":{"b":{"$ref":"#/$defs/B"}},"required":["b"]},"B":{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}}}}}`, "a"},
	{"null beside the reference", `{"type":"object","properties":{"f":{"$ref":"#/$defs/N"}},"$defs":{"N":{"type":"object","properties":{"no":{"anyOf":[{"$ref":"#/$defs/N"},{"type":"null"}]}},"required":["no"]}}}`,
		`{"type":"object","properties":{"f":{"$ref":"#/$defs/N"}},"$defs":{"N":{"type":"object","properties":{"no":{"anyOf":[{"$ref":"#/$defs/N"},{"type":"null"}]}}}}}`, "no"},
	{"an array that is not empty", `{"type":"object","properties":{"f":{"$ref":"#/$defs/N"}},"$defs":{"N":{"type":"object","properties":{"kids":{"type":"array","minItems":1,"items":{"$ref":"#/$defs/N"}}},"required":["kids"]}}}`,
		`{"type":"object","properties":{"f":{"$ref":"#/$defs/N"}},"$defs":{"N":{"type":"object","properties":{"kids":{"type":"array","minItems":1,"items":{"$ref":"#/$defs/N"}}}}}}`, "kids"},
	{"any JSON value", `{"type":"object","properties":{"v":{"$ref":"#/$defs/V"}},"$defs":{"V":{"anyOf":[{"type":"string"},{"type":"array","items":{"$ref":"#/$defs/V"}},{"type":"object","additionalProperties":{"$ref":"#/$defs/V"}}]}}}`,
		`{"type":"object","properties":{"v":{"$ref":"#/$defs/V"}},"$defs":{"V":{"anyOf":[{"type":"string"},{"type":"array","items":{"$ref":"#/$defs/V"}},{"type":"object","additionalProperties":true}]}}}`, ""},
	{"a choice of itself", `{"type":"object","properties":{"v":{"$ref":"#/$defs/V"}},"$defs":{"V":{"anyOf":[{"$ref":"#/$defs/V"},{"type":"string"}]},"W":{"$ref":"#/$defs/W"}}}`,
		`{"type":"object","properties":{"v":{"$ref":"#/$defs/V"}},"$defs":{"V":{"anyOf":[{"type":"string"}]},"W":{"type":"object"}}}`, ""},
}

// saysOf are the properties that a warning names.
func saysOf(told []string) string {
	var names []string
	for _, why := range told {
		name, _, _ := strings.Cut(strings.TrimPrefix(why, `"`), `" is not required`)
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// A loop of required properties is opened where it closes, and nothing else of
// the schema changes.
func TestOpenLoops(t *testing.T) {
	for _, c := range loops {
		t.Run(c.name, func(t *testing.T) {
			want := c.want
			if want == "" {
				want = c.in
			}
			for range 2 { // compiled and remembered
				compiler := NewCompiler(DefaultCompilerSize)
				got, told, err := compiler.compile(conversation.Raw(c.in), schemaOptions{object: true}, newSchemaBudget(len(c.in)))
				if err != nil || string(got) != want || saysOf(told) != c.told {
					t.Errorf("got  %s %v %v\nwant %s [%s]", got, told, err, want, c.told)
				}
			}
			native, told := openNative(conversation.Raw(c.in))
			if again, more := openNative(native); string(again) != string(native) || len(more) > 0 {
				t.Errorf("native: %s\nbecomes %s", native, again)
			}
			if saysOf(told) != c.told {
				t.Errorf("native: told of %v, want %s", told, c.told)
			}
			if c.want == "" && string(native) != c.in {
				t.Errorf("native: changed to %s", native)
			}
		})
	}
}

// After a refusal, only optional properties end a loop.
func TestOpenLoopsRelaxed(t *testing.T) {
	in := `{"type":"object","properties":{"f":{"$ref":"#/$defs/N"}},"$defs":{"N":{"type":"object","properties":{"kids":{"type":"array","items":{"$ref":"#/$defs/N"}}},"required":["kids"]}}}`
	got, err := compileAlone(conversation.Raw(in), schemaOptions{object: true, relaxed: true})
	if want := strings.Replace(in, `,"required":["kids"]`, "", 1); string(got) != want || err != nil {
		t.Errorf("got %s %v, want %s", got, err, want)
	}
}

// Definitions that all hold all others are work for the budget, not for hours.
func TestOpenLoopsOfMany(t *testing.T) {
	const n = 60
	var defs, names []string
	for i := range n {
		names = append(names, fmt.Sprintf(`"p%d"`, i))
	}
	for i := range n {
		var properties []string
		for j := range n {
			properties = append(properties, fmt.Sprintf(`"p%d":{"$ref":"#/$defs/D%d"}`, j, j))
		}
		defs = append(defs, fmt.Sprintf(`"D%d":{"type":"object","properties":{%s},"required":[%s]}`, i, strings.Join(properties, ","), strings.Join(names, ",")))
	}
	in := `{"type":"object","properties":{"f":{"$ref":"#/$defs/D0"}},"$defs":{` + strings.Join(defs, ",") + `}}`
	got, told, err := compileSchema(conversation.Raw(in), schemaOptions{object: true}, newSchemaBudget(len(in)))
	if err != nil || len(told) != mostTold {
		t.Fatalf("%v, told of %v", err, told)
	}
	if again, _ := openNative(got); string(again) != string(got) {
		t.Error("a loop is left")
	}
}

func openNative(raw conversation.Raw) (out conversation.Raw, told []string) {
	var l LoopOpener
	return l.Open(raw)
}

// manyLoops is a schema of n required properties that hold the schema.
func manyLoops(n int) string {
	properties, required := make([]string, n), make([]string, n)
	for i := range n {
		properties[i], required[i] = fmt.Sprintf(`"p%d":{"$ref":"#"}`, i), fmt.Sprintf(`"p%d"`, i)
	}
	return `{"type":"object","properties":{` + strings.Join(properties, ",") + `},"required":[` + strings.Join(required, ",") + `]}`
}

// Many required loops in one schema cost no more than as many in many schemas.
func TestOpenLoopsOfOneSchema(t *testing.T) {
	in := manyLoops(5000)
	var l LoopOpener
	for range 4 {
		out, told := l.Open(conversation.Raw(in))
		if len(told) != mostTold || strings.Contains(string(out), "required") {
			t.Fatalf("told of %v", told)
		}
	}
	if work := 8*4*len(in) + schemaRoom - l.budget.left; work > 8*4*len(in) {
		t.Errorf("it cost %d, %d bytes", work, 4*len(in))
	}
}

// A schema that exceeds the budget is unchanged, with a warning; so are the
// schemas after it.
func TestOpenLoopsOverBudget(t *testing.T) {
	l := LoopOpener{budget: &schemaBudget{left: -1 << 30}}
	many := fmt.Sprintf(`{"$ref":"#","enum":[%s1]}`, strings.Repeat("1,", maxSchemaValues))
	for _, in := range []string{manyLoops(10), many} {
		if out, told := l.Open(conversation.Raw(in)); string(out) != in || len(told) != 1 || told[0] != LoopsLeft {
			t.Errorf("told %v: %s", told, out)
		}
	}
}

// A schema of many keywords keeps its other ones.
func TestOpenLoopsAmongManyKeywords(t *testing.T) {
	var others []string
	for i := range 20 {
		others = append(others, fmt.Sprintf(`"x-%d":%d`, i, i))
	}
	in := `{"properties":{"a":{"$ref":"#"}},"required":["a"],"minItems":1,"additionalProperties":{"$ref":"#"},` + strings.Join(others, ",") + `,"items":{"$ref":"#"}}`
	want := `{"properties":{"a":{"$ref":"#"}},"additionalProperties":true,` + strings.Join(others, ",") + `,"items":{"$ref":"#"}}`
	if out, _ := openNative(conversation.Raw(in)); string(out) != want {
		t.Errorf("got  %s\nwant %s", out, want)
	}
}
