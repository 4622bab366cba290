package exchange

import (
	"runtime"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
)

// live is what the heap holds after a collection, in bytes.
func live() uint64 {
	var m runtime.MemStats
	for range 3 { // pools let go after the second
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// bigBodies are requests of some megabytes in every dialect, with calls in the
// history, tools and what replies repeat.
func bigBodies() map[string]string {
	text := strings.Repeat("lorem ipsum dolor sit amet ", 100_000)
	schema := `{"type":"object","properties":{"path":{"type":"string"}}}`
	return map[string]string{
		"/v1/messages": `{"model":"gemini-3.5-flash","max_tokens":100,"stream":true,"system":"be brief",
			"tools":[{"name":"read","description":"reads","input_schema":` + schema + `}],"messages":[{"role":"user","content":"` + text + `"},
			{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"read","input":{"path":"a"}}]},
			{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"` + text + `"}]}]}`,
		"/v1/chat/completions": `{"model":"gemini-3.5-flash","stream":true,
			"tools":[{"type":"function","function":{"name":"read","parameters":` + schema + `}}],"messages":[{"role":"user","content":"` + text + `"},
			{"role":"assistant","tool_calls":[{"id":"call_1","type":"function","function":{"name":"read","arguments":"{\"path\":\"a\"}"}}]},
			{"role":"tool","tool_call_id":"call_1","content":"` + text + `"}]}`,
		"/v1/responses": `{"model":"gemini-3.5-flash","stream":true,"instructions":"be brief","metadata":{"a":"b"},
			"tools":[{"type":"function","name":"read","parameters":` + schema + `}],"input":[{"role":"user","content":"` + text + `"},
			{"type":"function_call","call_id":"call_1","name":"read","arguments":"{\"path\":\"a\"}"},
			{"type":"function_call_output","call_id":"call_1","output":"` + text + `"}]}`,
		"/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse": `{"systemInstruction":{"parts":[{"text":"be brief"}]},
			"tools":[{"functionDeclarations":[{"name":"read","parameters":` + schema + `}]}],"contents":[{"role":"user","parts":[{"text":"` + text + `"}]},
			{"role":"model","parts":[{"functionCall":{"name":"read","args":{"path":"a"}}}]},
			{"role":"user","parts":[{"functionResponse":{"name":"read","response":{"output":"` + text + `"}}}]}]}`,
	}
}

// A request whose answer is not resumed is not kept while the answer comes.
func TestBodyIsLetGo(t *testing.T) {
	const streams = 5
	for path, body := range bigBodies() {
		t.Run(path, func(t *testing.T) {
			r, _ := newRig(t, nil).counting(t)
			before := live()
			var open []*attempt
			for range streams {
				a := r.begin(1, "")
				a.in.Path = path
				send(t, a, strings.Clone(body))
				a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
				a.ResponseBody([]byte(hello), false)
				open = append(open, a)
			}
			perStream := (int64(live()) - int64(before)) / streams
			t.Logf("%d KiB of %d KiB stay", perStream>>10, len(body)>>10)
			if perStream > 100<<10 {
				t.Errorf("%d bytes are held per stream for a request of %d", perStream, len(body))
			}
			for _, a := range open {
				a.Close(policies.EndCancelled)
			}
		})
	}
}
