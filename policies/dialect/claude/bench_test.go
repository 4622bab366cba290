package claude

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
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

func BenchmarkDecode(b *testing.B) { dialecttest.BenchDecode(b, New(), agentBody) }

func BenchmarkEncode(b *testing.B) {
	dialecttest.BenchEncode(b, New(), conversation.Thinking{Visible: true, Carries: true})
}

func TestStreamMemoryIsConstant(t *testing.T) { dialecttest.CheckMemory(t, New()) }
