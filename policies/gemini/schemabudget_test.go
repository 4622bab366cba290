package gemini

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// referring is a schema that refers to one of its definitions so many times.
func referring(times, length int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"$defs":{"d":{"type":"string","description":%q}},"type":"object","properties":{`, strings.Repeat("d", length))
	for i := range times {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"p%d":{"$ref":"#/$defs/d"}`, i)
	}
	return b.String() + "}}"
}

// doubling is a schema of eight definitions that refer twice to the one before.
func doubling() string {
	const levels = 8
	s := fmt.Sprintf(`{"type":"object","properties":{"p":{"$ref":"#/$defs/d%d"}},"$defs":{"d0":{"type":"string"}`, levels)
	for i := range levels {
		s += fmt.Sprintf(`,"d%d":{"type":"object","properties":{"x":{"$ref":"#/$defs/d%d"},"y":{"$ref":"#/$defs/d%[2]d"}}}`, i+1, i)
	}
	return s + "}}"
}

// What references grow to is bounded for all schemas of a request together, so
// that a hundred tools get no more of it than one.
func TestSchemasShareABudget(t *testing.T) {
	tests := []struct {
		name   string
		schema string
		tools  int
		model  string
		want   error
	}{
		{"a few uses", referring(10, 500), 40, "gemini-2.0-flash", nil},
		{"many uses of a long text", referring(200, 5000), 1, "gemini-2.0-flash", errSchemaSize},
		{"many uses of a long text, which stay", referring(200, 5000), 1, strict, nil},
		{"doubling, once", doubling(), 1, "gemini-2.0-flash", nil},
		{"doubling, in many tools", doubling(), 200, "gemini-2.0-flash", errSchemaSize},
		{"doubling, in many tools, which stays", doubling(), 200, strict, nil},
		{"doubling by path", strings.ReplaceAll(strings.ReplaceAll(doubling(), "$defs/", "x/"), `"$defs"`, `"x"`), 200, strict, errSchemaSize},
		{"recursion", `{"type":"object","properties":{"a":{"$ref":"#"},"b":{"$ref":"#"}}}`, 500, "gemini-2.0-flash", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			compiler := NewCompiler(DefaultCompilerSize)
			for _, round := range []string{"compiled", "remembered"} {
				req := &conversation.Request{Messages: []conversation.Message{user(text("hi"))}}
				for i := range tt.tools {
					req.Tools = append(req.Tools, conversation.Tool{Name: fmt.Sprint("f", i), Schema: conversation.Raw(tt.schema)})
				}
				out, err := Render(req, Target{Model: tt.model}, Options{Compiler: compiler})
				if tt.want != nil {
					if err == nil || !strings.Contains(err.Error(), tt.want.Error()) || !strings.Contains(err.Error(), `tool "f`) {
						t.Errorf("%s: got %v, want %v and the name of the tool", round, err, tt.want)
					}
					continue
				}
				if err != nil {
					t.Fatalf("%s: %v", round, err)
				}
				if most := schemaGrowth*schemaBytes(req) + schemaRoom; len(out.Body) > most {
					t.Errorf("%s: %d bytes became %d, want at most %d", round, schemaBytes(req), len(out.Body), most)
				}
			}
		})
	}
}

// Whatever a schema says, what comes out is within the budget.
func TestSchemaBudgetHolds(t *testing.T) {
	space := strings.Repeat(" ", 10_000)
	for _, schema := range []string{
		`{"type":"object","properties":{"a":{"type":"object","properties":{"b":{` + space + `"type":"string"}}}` + strings.Repeat(`,"a":{"$ref":"#/properties/a"}`, 1) + `}}`,
		`{"type":"object","x":{"type":"string","enum":["` + strings.Repeat("e", 10_000) + `"]},"properties":{` + uses() + `}}`,
		`{"type":"object","x":{"properties":{"y":{` + space + `}}},"properties":{` + uses() + `}}`,
		`{"type":"object","x":{"anyOf":[` + space + `{"type":"string"}]},"properties":{` + uses() + `}}`,
		`{"type":"object","x":{"required":["a"` + space + `],"properties":{"a":{"type":"string"}}},"properties":{` + uses() + `}}`,
		`{"type":"object","x":{"minimum":` + strings.Repeat("1", 5000) + `,"type":"number"},"properties":{` + uses() + `}}`,
	} {
		for _, proto := range []bool{false, true} {
			budget := newSchemaBudget(len(schema))
			before := budget.left
			out, _, err := compileSchema(conversation.Raw(schema), schemaOptions{object: true, proto: proto}, budget)
			if err != nil && !errors.Is(err, errSchemaSize) || len(out) > before {
				t.Errorf("%.80s (proto %t): %d bytes became %d, %v", schema, proto, len(schema), len(out), err)
			}
		}
	}
}

// uses are a thousand properties that all refer to one place.
func uses() string {
	list := make([]string, 1000)
	for i := range list {
		list[i] = fmt.Sprintf(`"p%d":{"$ref":%q}`, i, "#/x")
	}
	return strings.Join(list, ",")
}
