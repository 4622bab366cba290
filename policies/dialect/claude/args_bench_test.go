package claude

import (
	"fmt"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// BenchmarkEncodeArgs reports the cost of a piece of a call's arguments, which
// must not grow with their number: a coding agent writes whole files this way.
func BenchmarkEncodeArgs(b *testing.B) {
	piece := conversation.Raw(`some words of a file,\n\tas many as a chunk brings, with \"quotes\" `)
	for _, stream := range []bool{true, false} {
		for _, n := range []int{10, 100, 1000, 10_000} {
			b.Run(fmt.Sprintf("stream=%v/pieces=%d", stream, n), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(n * len(piece)))
				req := &conversation.Request{Model: "m", Stream: stream}
				d := New()
				var dst []byte
				for b.Loop() {
					enc := d.Encoder(req)
					dst = enc.Encode(dst[:0], conversation.Event{Kind: conversation.EventStart, ID: "r"})
					dst = enc.Encode(dst[:0], conversation.Event{Kind: conversation.EventCallStart, CallID: "c", Name: "write"})
					dst = enc.Encode(dst[:0], conversation.Event{Kind: conversation.EventCallArgs, Args: conversation.Raw(`{"text":"`)})
					for range n {
						dst = enc.Encode(dst[:0], conversation.Event{Kind: conversation.EventCallArgs, Args: piece})
					}
					dst = enc.Encode(dst[:0], conversation.Event{Kind: conversation.EventCallArgs, Args: conversation.Raw(`"}`)})
					dst = enc.Encode(dst[:0], conversation.Event{Kind: conversation.EventCallEnd})
					dst = enc.Encode(dst[:0], conversation.Event{Kind: conversation.EventFinish, Finish: conversation.FinishStop})
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/piece")
			})
		}
	}
}
