package responses

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
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

func BenchmarkDecode(b *testing.B) { dialecttest.BenchDecode(b, New(), agentBody) }

func BenchmarkEncode(b *testing.B) {
	dialecttest.BenchEncode(b, New(), conversation.Thinking{Visible: true})
}
