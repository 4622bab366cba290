package native

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
)

// history is a request with n steps of a call and its answer of 2 KiB.
func history(n int) []byte {
	const user = `{"role":"user","parts":[{"text":"go on"}]}`
	step := `,{"role":"model","parts":[{"functionCall":{"id":"c1","name":"ls","args":{"path":"/"}},"thoughtSignature":"` + strings.Repeat("QUFB", 100) + `"}]}` +
		`,{"role":"user","parts":[{"functionResponse":{"id":"c1","name":"ls","response":{"output":"` + strings.Repeat("file\\n", 340) + `"}}}]}`
	return []byte(`{"contents":[` + user + strings.Repeat(step, n) + `],"generationConfig":{"thinkingConfig":{"includeThoughts":true}}}`)
}

func BenchmarkRepair(b *testing.B) {
	for name, target := range map[string]gemini.Target{
		"fit":     {Model: "gemini-3.5-flash"},
		"changed": {Kind: gemini.Vertex, Model: "gemini-2.5-flash"}, // has no ids
		"mended":  {Model: "gemini-3.5-flash"},
	} {
		for _, n := range []int{10, 100, 1000} {
			body := history(n)
			if name == "mended" {
				body = bytes.ReplaceAll(body, []byte(`"id":"c1",`), nil)
			}
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					if _, _, err := New().Repair(&conversation.Request{}, body, target, gemini.Options{}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// Tools that are fit cost a look at each, once their schemas are known.
func BenchmarkRepairTools(b *testing.B) {
	declaration := `{"name":"t%d","description":"` + strings.Repeat("what it does ", 30) + `","%s":{"type":"object","properties":{"p":{"type":"string","description":"which one of them"},"l":{"type":"array","items":{"type":"string"}}},"required":["p"]}}`
	for _, field := range []string{"parameters", "parametersJsonSchema"} {
		var all []string
		for i := range 50 {
			all = append(all, fmt.Sprintf(declaration, i, field))
		}
		body := bytes.Replace(history(10), []byte(`{"contents"`), []byte(`{"tools":[{"functionDeclarations":[`+strings.Join(all, ",")+`]}],"contents"`), 1)
		b.Run(field, func(b *testing.B) {
			opts := gemini.Options{Compiler: gemini.NewCompiler(gemini.DefaultCompilerSize)}
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := New().Repair(&conversation.Request{}, body, gemini.Target{Model: "gemini-3.5-flash"}, opts); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFold(b *testing.B) {
	frame := []byte(`{"candidates": [{"content": {"parts": [{"text": "` + strings.Repeat("word ", 20) + `"}],"role": "model"},"index": 0}],"usageMetadata": {"promptTokenCount": 3,"candidatesTokenCount": 40,"totalTokenCount": 43},"modelVersion": "gemini-3.5-flash","responseId": "r"}`)
	for _, n := range []int{10, 100, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(n * len(frame)))
			b.ReportAllocs()
			for b.Loop() {
				var e documentEncoder
				for range n {
					e.EncodeFrame(nil, frame)
				}
				e.Encode(nil, finish)
			}
		})
	}
}
