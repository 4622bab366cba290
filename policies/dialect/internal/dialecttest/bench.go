package dialecttest

import (
	"fmt"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

// BenchDecode reports the cost of requests of growing size; body makes one of
// about that many bytes.
func BenchDecode(b *testing.B, d dialect.Dialect, body func(size int) []byte) {
	for _, size := range []int{20_000, 200_000, 2_000_000} {
		body := body(size)
		b.Run(fmt.Sprintf("%dKB", size/1000), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := d.Decode(dialect.Route{}, nil, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchEncode reports the cost of an event, which must not grow with their
// number. An answer is half thoughts, half text.
func BenchEncode(b *testing.B, d dialect.Dialect, thinking conversation.Thinking) {
	text := conversation.Quote("Some words of an answer, as many as a chunk brings.")
	for _, stream := range []bool{true, false} {
		for _, n := range []int{10, 100, 1000, 10_000} {
			b.Run(fmt.Sprintf("stream=%v/events=%d", stream, n), func(b *testing.B) {
				b.ReportAllocs()
				req := &conversation.Request{Model: "m", Stream: stream, Thinking: thinking}
				var dst []byte
				for b.Loop() {
					enc := d.Encoder(req)
					dst = enc.Encode(dst[:0], conversation.Event{Kind: conversation.EventStart, ID: "r"})
					for range n / 2 {
						dst = enc.Encode(dst[:0], conversation.Event{Kind: conversation.EventThought, Text: text})
					}
					for range n / 2 {
						dst = enc.Encode(dst[:0], conversation.Event{Kind: conversation.EventText, Text: text})
					}
					dst = enc.Encode(dst[:0], conversation.Event{Kind: conversation.EventFinish, Finish: conversation.FinishStop})
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/event")
			})
		}
	}
}
