package gemini

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// frames decodes n times the same frame as one answer.
func frames(b *testing.B, frame string, n int) {
	data := []byte(frame)
	var events []conversation.Event
	b.ReportAllocs()
	b.SetBytes(int64(n * len(data)))
	for b.Loop() {
		d := NewDecoderOf(Expect{})
		for range n {
			var err error
			if events, _, err = d.Frame(events[:0], data); err != nil {
				b.Fatal(err)
			}
		}
	}
}

var lengths = []int{10, 100, 1000, 10000}

// A stream of n chunks: time per byte must not grow with n.
func BenchmarkDecodeText(b *testing.B) {
	frame := `{"candidates": [{"content": {"parts": [{"text": "` + strings.Repeat("word ", 40) + `"}],"role": "model"},"index": 0}],` +
		`"usageMetadata": {"promptTokenCount": 8,"candidatesTokenCount": 20,"totalTokenCount": 28,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 8}]},` +
		`"modelVersion": "gemini-3-pro-preview","responseId": "hA8uacrjJsqE998P26jViQY"}`
	for _, n := range lengths {
		b.Run(fmt.Sprintf("chunks=%d", n), func(b *testing.B) { frames(b, frame, n) })
	}
}

// One call whose arguments come in n pieces of one string.
func BenchmarkDecodePartialArgs(b *testing.B) {
	first := parts(`{"functionCall":{"name":"f","willContinue":true}}`)
	piece := []byte(parts(`{"functionCall":{"partialArgs":[{"jsonPath":"$.text","stringValue":"some words","willContinue":true}],"willContinue":true}}`))
	for _, n := range lengths {
		b.Run(fmt.Sprintf("chunks=%d", n), func(b *testing.B) {
			var events []conversation.Event
			b.ReportAllocs()
			b.SetBytes(int64(n * len(piece)))
			for b.Loop() {
				d := NewDecoderOf(Expect{})
				events, _, _ = d.Frame(events[:0], []byte(first))
				for range n {
					var err error
					if events, _, err = d.Frame(events[:0], piece); err != nil {
						b.Fatal(err)
					}
				}
				events = d.End(events[:0])
			}
		})
	}
}

// One long text: its bytes are looked at, not copied.
func BenchmarkDecodeLongText(b *testing.B) {
	for _, n := range []int{1 << 10, 1 << 16, 1 << 20} {
		b.Run(fmt.Sprintf("bytes=%d", n), func(b *testing.B) {
			frames(b, parts(`{"text":"`+strings.Repeat(`a\n`, n/3)+`"}`), 1)
		})
	}
}
