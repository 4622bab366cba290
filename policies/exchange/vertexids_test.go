package exchange

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// Vertex AI gets the ids of calls for Gemini 3. An endpoint that does not know
// them is asked once more without, and from then on at once; the account is not
// to blame.
func TestOlderVertexEndpoint(t *testing.T) {
	const (
		said    = `Invalid JSON payload received. Unknown name \"id\" at 'contents[1].parts[0].function_call': Cannot find field.`
		unknown = `{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"` + said + `","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"contents[1].parts[0].function_call","description":"` + said + `"}]}]}}`
		path    = "/v1/projects/theirs/locations/global/publishers/google/models/gemini-3.5-flash:"
	)
	native := `{"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"functionCall":{"id":"c1","name":"ls","args":{}},"thoughtSignature":"Zm9v"}]},` +
		`{"role":"user","parts":[{"functionResponse":{"id":"c1","name":"ls","response":{"output":"x"}}}]}]}`
	for _, c := range []struct{ name, path, body string }{
		{"claude", "/v1/messages", `{"model":"gemini-3.5-flash","max_tokens":9,STREAM"messages":[{"role":"user","content":"hi"},` +
			`{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"ls","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"x"}]}]}`},
		{"chat", "/v1/chat/completions", `{"model":"gemini-3.5-flash",STREAM"messages":[{"role":"user","content":"hi"},` +
			`{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"ls","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1","content":"x"}]}`},
		{"responses", "/v1/responses", `{"model":"gemini-3.5-flash",STREAM"input":[{"role":"user","content":"hi"},` +
			`{"type":"function_call","call_id":"c1","name":"ls","arguments":"{}"},{"type":"function_call_output","call_id":"c1","output":"x"}]}`},
		{"native", path, native},
		{"native without ids", path, strings.ReplaceAll(native, `"id":"c1",`, "")},
	} {
		for _, streams := range []bool{true, false} {
			t.Run(c.name+map[bool]string{true: "", false: ", document"}[streams], func(t *testing.T) {
				r := onVertex(t)
				url, body := c.path, strings.Replace(c.body, "STREAM", `"stream":`+map[bool]string{true: "true,", false: "false,"}[streams], 1)
				if c.path == path {
					url += map[bool]string{true: "streamGenerateContent?alt=sse", false: "generateContent"}[streams]
				}
				begin := func(n int, memory string) (*attempt, bool) {
					a := r.begin(n, memory)
					a.in.Path = url
					sent := string(send(t, a, body).Body)
					ids := strings.Count(sent, `"id":"c`) // of the call and of the answer
					if ids%2 != 0 || !strings.Contains(sent, `"functionResponse":`) {
						t.Fatalf("%d ids: %s", ids, sent)
					}
					return a, ids > 0
				}
				a, ids := begin(1, "")
				if !ids {
					t.Error("no ids are sent")
				}
				refused := answerWith(a, 400, unknown).Reply
				if refused == nil || refused.Verdict != policies.Repair {
					t.Fatalf("%+v", refused)
				}
				if r.cooling("b-1", "gemini-3.5-flash") {
					t.Error("the account pays for it")
				}
				a, ids = begin(2, refused.Memory)
				if ids {
					t.Error("the second attempt still has them")
				}
				if act := answerWith(a, 200, hello+stop); act.Step != policies.Send && act.Reply != nil {
					t.Fatalf("%+v", act.Reply)
				}
				if got := r.learned.Of(a.backend.Name, "gemini-3.5-flash", nil); got != heal.OmitIDs {
					t.Errorf("learned %q", got)
				}
				if _, ids = begin(1, ""); ids {
					t.Error("the next request fails first")
				}
			})
		}
	}
}
