package gemini

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

const (
	cleanSchema  = `{"type":"object","properties":{"command":{"type":"string","description":"what"}},"required":["command"]}`
	faultySchema = `{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"a":{"type":"integer","exclusiveMinimum":0}},"required":["a","zz"]}`
)

// A compiler that remembers gives what compiling gives, also when the bytes of
// the request it learned from are gone.
func TestCompilerRemembers(t *testing.T) {
	c := NewCompiler(DefaultCompilerSize)
	for _, schema := range []string{cleanSchema, faultySchema, `{"type":"object","properties":{},"x":"0123456789"}`, `{"$ref":"#/$defs/a","$defs":{"a":{"type":"string","description":"d"}}}`, `{}`} {
		for _, opts := range []schemaOptions{{object: true}, {object: true, relaxed: true}, {}} {
			want, err := compileAlone(conversation.Raw(schema), opts)
			if err != nil {
				t.Fatal(err)
			}
			for round := range 3 {
				raw := conversation.Raw(schema)
				got, err := compileBy(c, raw, opts)
				if err != nil || !bytes.Equal(got, want) || (got == nil) != (want == nil) {
					t.Errorf("round %d: %s: got %s, %v, want %s", round, schema, got, err, want)
				}
				clear(raw)
			}
		}
	}
	if n := len(c.entries); n != 4*3 {
		t.Errorf("%d entries", n)
	}
	if _, err := compileBy(c, conversation.Raw(strings.Repeat(`{"items":`, 300)+"{}"+strings.Repeat("}", 300)), schemaOptions{}); err == nil {
		t.Error("a deep schema gave no error")
	}
}

func TestCompilerIsBounded(t *testing.T) {
	c := NewCompiler(10 * entryCost)
	schema := func(i int) conversation.Raw {
		return conversation.Raw(fmt.Sprintf(`{"type":"object","properties":{"p%d":{"type":"string"}}}`, i))
	}
	for i := range 100 {
		if _, err := compileBy(c, schema(i), schemaOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := compileBy(c, schema(0), schemaOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if c.size > c.limit || len(c.entries) != c.recent.Len() || len(c.entries) != 10 {
		t.Errorf("%d bytes, %d entries, %d in order", c.size, len(c.entries), c.recent.Len())
	}
	if len(c.entries) > 0 && c.recent.Front().Value.(*compiled).key != (schemaKey{sum: sha256.Sum256(schema(0))}) {
		t.Error("the schema used most was forgotten")
	}
	tiny := NewCompiler(1)
	if _, err := compileBy(tiny, schema(0), schemaOptions{}); err != nil || len(tiny.entries) != 0 {
		t.Errorf("%v, %d entries", err, len(tiny.entries))
	}
}

func TestCompilerIsShared(t *testing.T) {
	c := NewCompiler(3 * entryCost)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for i := range 200 {
				raw := conversation.Raw(fmt.Sprintf(`{"$schema":"s","type":"object","properties":{"p%d":{}}}`, i%5))
				got, err := compileBy(c, raw, schemaOptions{})
				if want, _ := compileAlone(raw, schemaOptions{}); err != nil || !bytes.Equal(got, want) {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		})
	}
	wait.Wait()
}

// BenchmarkTools compiles the tools of a request as a coding agent sends them:
// of 1.4 KB each, and every second one with keywords that must go.
func BenchmarkTools(b *testing.B) {
	for _, n := range []int{10, 40, 160} {
		var schemas []conversation.Raw
		size := 0
		for i := range n {
			var properties []string
			for j := range 8 {
				bound := `"title":"T"`
				if i%2 == 1 {
					bound = `"exclusiveMinimum":0`
				}
				properties = append(properties, fmt.Sprintf(`"p%d_%d":{"type":"integer",%s,"description":%q}`, i, j, bound, strings.Repeat("what it does ", 8)))
			}
			schemas = append(schemas, conversation.Raw(`{"type":"object","properties":{`+strings.Join(properties, ",")+`},"additionalProperties":false}`))
			size += len(schemas[i])
		}
		for name, c := range map[string]*Compiler{"fresh": nil, "remembered": NewCompiler(DefaultCompilerSize)} {
			b.Run(fmt.Sprintf("tools%d/%s", n, name), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					for _, s := range schemas {
						if _, err := compileBy(c, s, schemaOptions{object: true}); err != nil {
							b.Fatal(err)
						}
					}
				}
			})
		}
	}
}

// compileBy compiles the only schema of a request.
func compileBy(c *Compiler, raw conversation.Raw, opts schemaOptions) (conversation.Raw, error) {
	out, _, err := c.compile(raw, opts, newSchemaBudget(len(raw)))
	return out, err
}
