package gemini

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// wideSchema is a tool's schema of n properties, each an object with a
// reference, as generators of schemas write them.
func wideSchema(n int) conversation.Raw {
	var b strings.Builder
	b.WriteString(`{"$schema":"http://json-schema.org/draft-07/schema#","$defs":{"range":{"type":"object","properties":{"from":{"type":"integer"},"to":{"type":"integer"}}}},` +
		`"type":"object","additionalProperties":false,"properties":{`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"p%d":{"type":"object","description":"What it is for.","properties":{"path":{"type":"string","minLength":1},"lines":{"$ref":"#/$defs/range"}},"required":["path"]}`, i)
	}
	b.WriteString(`}}`)
	return conversation.Raw(b.String())
}

// deepSchema is a schema of n objects, each inside the one before.
func deepSchema(n int) conversation.Raw {
	return conversation.Raw(strings.Repeat(`{"type":"object","properties":{"a":`, n) + `{"type":"string"}` + strings.Repeat(`}}`, n))
}

// Time per byte must not grow with the number of properties, or the depth.
func BenchmarkCompileSchemaSize(b *testing.B) {
	schemas := []struct {
		name string
		in   conversation.Raw
	}{
		{"properties=1", wideSchema(1)}, {"properties=10", wideSchema(10)}, {"properties=100", wideSchema(100)}, {"properties=1000", wideSchema(1000)},
		{"depth=1", deepSchema(1)}, {"depth=10", deepSchema(10)}, {"depth=30", deepSchema(30)},
	}
	for _, s := range schemas {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(s.in)))
			for b.Loop() {
				if _, err := compileAlone(s.in, schemaOptions{object: true}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
