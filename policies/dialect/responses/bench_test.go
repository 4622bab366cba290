package responses

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

// agentBody is a request of about size bytes in the shape of Codex's: a long
// system text, 20 tools, and turns of reasoning, calls and outputs.
func agentBody(size int) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `{"model":"m","stream":true,"store":false,"include":["reasoning.encrypted_content"],"tools":[`)
	for i := range 20 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"type":"function","name":"tool%d","description":"%s","strict":false,"parameters":{"type":"object","properties":{"path":{"type":"string","description":"A path."},"limit":{"type":"integer"}},"required":["path"]}}`,
			i, strings.Repeat("What it does. ", size/5000))
	}
	fmt.Fprintf(&b, `],"input":[{"type":"message","role":"developer","content":[{"type":"input_text","text":"%s"}]},{"role":"user","content":"begin"}`,
		strings.Repeat("A rule of the system. ", size/250))
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, `,{"type":"reasoning","id":"rs_%d","summary":[{"type":"summary_text","text":"%s"}],"encrypted_content":"gs1.%s"}`,
			i, strings.Repeat("Let me think. ", 20), strings.Repeat("abcd", 100))
		fmt.Fprintf(&b, `,{"type":"function_call","id":"fc_%d","call_id":"call_%d","name":"tool1","arguments":"{\"path\":\"/a/b\",\"limit\":10}"}`, i, i)
		fmt.Fprintf(&b, `,{"type":"function_call_output","call_id":"call_%d","output":"%s"}`, i, strings.Repeat(`a line of code(\"x\")\n`, 100))
	}
	b.WriteString(`]}`)
	return []byte(b.String())
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
				req.Thinking.Visible = true
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
