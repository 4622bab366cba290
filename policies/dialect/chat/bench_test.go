package chat

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
)

// agentBody is a request of about size bytes in the shape of a coding agent's:
// a long system text, 20 tools, and turns of calls and results.
func agentBody(size int) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `{"model":"m","max_tokens":64000,"stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"system","content":"%s"},{"role":"user","content":[{"type":"text","text":"begin"}]}`,
		strings.Repeat("A rule of the system. ", size/250))
	for i := 0; b.Len() < size*9/10; i++ {
		fmt.Fprintf(&b, `,{"role":"assistant","content":null,"tool_calls":[{"id":"call_%d","type":"function","function":{"name":"tool1","arguments":"{\"path\":\"/a/b\",\"text\":\"%s\"}"}}]}`,
			i, strings.Repeat(`a \\\"b\\\" `, 20))
		fmt.Fprintf(&b, `,{"role":"tool","tool_call_id":"call_%d","content":[{"type":"text","text":"%s"}]}`,
			i, strings.Repeat(`a line of code(\"x\")\n`, 100))
	}
	b.WriteString(`],"tools":[`)
	for i := range 20 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"type":"function","function":{"name":"tool%d","description":"%s","parameters":{"type":"object","properties":{"path":{"type":"string","description":"A path."}},"required":["path"]}}}`,
			i, strings.Repeat("What it does. ", size/5000))
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

func BenchmarkDecode(b *testing.B) { dialecttest.BenchDecode(b, New(Config{}), agentBody) }

func BenchmarkEncode(b *testing.B) {
	dialecttest.BenchEncode(b, New(Config{}), conversation.Thinking{Visible: true})
}

func TestStreamMemoryIsConstant(t *testing.T) { dialecttest.CheckMemory(t, New(Config{})) }
