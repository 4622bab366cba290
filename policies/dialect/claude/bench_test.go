package claude

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

// agentBody is a request of about size bytes in the shape of a coding agent's:
// a long system text, 20 tools, and turns of thinking, calls and results.
func agentBody(size int) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `{"model":"m","max_tokens":32000,"stream":true,"system":[{"type":"text","text":"%s","cache_control":{"type":"ephemeral"}}],"tools":[`,
		strings.Repeat("A rule of the system. ", size/250))
	for i := range 20 {
		fmt.Fprintf(&b, `%s{"name":"tool%d","description":"%s","input_schema":{"type":"object","properties":{"path":{"type":"string","description":"A path."},"limit":{"type":"integer"}},"required":["path"]}}`,
			comma(i), i, strings.Repeat("What it does. ", size/5000))
	}
	b.WriteString(`],"messages":[{"role":"user","content":"begin"}`)
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, `,{"role":"assistant","content":[{"type":"thinking","thinking":"%s","signature":"%s"},{"type":"tool_use","id":"toolu_%d","name":"tool1","input":{"path":"/a/b","limit":10}}]}`,
			strings.Repeat("Let me think. ", 20), strings.Repeat("abcd", 100), i)
		fmt.Fprintf(&b, `,{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_%d","content":[{"type":"text","text":"%s"}]}]}`,
			i, strings.Repeat(`a line of code(\"x\")\n`, 100))
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

func BenchmarkDecode(b *testing.B) {
	for _, size := range []int{20_000, 200_000, 2_000_000} {
		body := agentBody(size)
		b.Run(fmt.Sprintf("%dKB", size/1000), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := New().Decode(dialect.Route{}, nil, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEncode reports the cost of an event, which must not grow with their
// number.
func BenchmarkEncode(b *testing.B) {
	text := conversation.Quote("Some words of an answer, as many as a chunk brings.")
	for _, stream := range []bool{true, false} {
		for _, n := range []int{10, 100, 1000, 10_000} {
			b.Run(fmt.Sprintf("stream=%v/events=%d", stream, n), func(b *testing.B) {
				b.ReportAllocs()
				req := &conversation.Request{Model: "m", Stream: stream}
				req.Thinking.Visible, req.Thinking.Carries = true, true
				d := New()
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

// A stream keeps nothing of what it has written.
func TestStreamMemoryIsConstant(t *testing.T) {
	req := &conversation.Request{Model: "m", Stream: true}
	req.Thinking.Visible, req.Thinking.Carries = true, true
	enc := New().Encoder(req)
	text := conversation.Quote("some words")
	dst := enc.Encode(make([]byte, 0, 4096), conversation.Event{Kind: conversation.EventStart})
	dst = enc.Encode(dst[:0], conversation.Event{Kind: conversation.EventText, Text: text})
	allocs := testing.AllocsPerRun(1000, func() {
		dst = enc.Encode(dst[:0], conversation.Event{Kind: conversation.EventText, Text: text})
	})
	if allocs != 0 {
		t.Errorf("an event allocates %v times", allocs)
	}
}
