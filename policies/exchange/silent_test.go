package exchange

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
)

// A message that wants no token fills the cache: it goes upstream with the
// smallest limit there is, and what comes is not told. Where the policy answers
// warm-ups itself, nothing is sent.
func TestNoTokensWanted(t *testing.T) {
	const one = `data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hello"}]},"finishReason":"MAX_TOKENS"}],"usageMetadata":{"promptTokenCount":30,"cachedContentTokenCount":20,"candidatesTokenCount":1,"totalTokenCount":31}}` + "\r\n\r\n"
	const done = `data: {"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"ls","args":{}}}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":30,"candidatesTokenCount":1,"totalTokenCount":31}}` + "\r\n\r\n"
	for name, upstream := range map[string]string{"limit": one, "a call": done} {
		for _, stream := range []string{"true", "false"} {
			body := `{"model":"gemini-3.5-flash","max_tokens":0,"stream":` + stream + `,"tools":[{"name":"ls","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"long"}]}`
			t.Run(name+", stream "+stream, func(t *testing.T) {
				a := newRig(t, nil).begin(1, "")
				if sent := string(send(t, a, body).Body); !strings.Contains(sent, `"maxOutputTokens":1,`) {
					t.Errorf("sent %s", sent)
				}
				act := answerWith(a, 200, upstream)
				if act.Step != policies.Send {
					t.Fatalf("%+v", act.Reply)
				}
				got := string(act.Body)
				for _, want := range []string{`"stop_reason":"max_tokens"`, `"output_tokens":1`} {
					if !strings.Contains(got, want) {
						t.Errorf("no %s in %s", want, got)
					}
				}
				if strings.Contains(got, "Hello") || strings.Contains(got, `"tool_use"`) {
					t.Errorf("something is told: %s", got)
				}
			})
			t.Run("local, stream "+stream, func(t *testing.T) {
				reply := newRig(t, nil).localReplyTo(t, "/v1/messages", "local.warmup=true", body)
				if reply == nil || reply.Status != 200 || !strings.Contains(string(reply.Body), `"stop_reason":"max_tokens"`) {
					t.Fatalf("%+v", reply)
				}
				if stream == "true" {
					return
				}
				var message struct {
					Content []struct{ Text string }
					Usage   map[string]any
				}
				err := json.Unmarshal(reply.Body, &message)
				if err != nil || len(message.Content) != 1 || message.Content[0].Text != "" || message.Usage["output_tokens"] != 0.0 {
					t.Errorf("%v: %s", err, reply.Body)
				}
			})
		}
	}
}

// The other APIs refuse a limit of nothing, as their services do.
func TestNoTokensRefused(t *testing.T) {
	for _, c := range []struct{ path, body, field string }{
		{"/v1/chat/completions", `{"model":"gemini-3.5-flash","max_tokens":0,"messages":[{"role":"user","content":"a"}]}`, "max_tokens"},
		{"/v1/chat/completions", `{"model":"gemini-3.5-flash","max_completion_tokens":0,"messages":[{"role":"user","content":"a"}]}`, "max_completion_tokens"},
		{"/v1/chat/completions", `{"model":"gemini-3.5-flash","max_output_tokens":0,"messages":[{"role":"user","content":"a"}]}`, "max_output_tokens"},
		{"/v1/responses", `{"model":"gemini-3.5-flash","max_output_tokens":0,"input":"a"}`, "max_output_tokens"},
		{"/v1/responses", `{"model":"gemini-3.5-flash","max_tokens":0,"input":"a"}`, "max_tokens"},
		{"/v1/responses", `{"model":"gemini-3.5-flash","max_completion_tokens":0,"input":"a"}`, "max_completion_tokens"},
		{"/v1/completions", `{"model":"gemini-3.5-flash","max_tokens":0,"prompt":"a"}`, "max_tokens"},
	} {
		a := newRig(t, nil).begin(1, "")
		a.in.Path = c.path
		a.RequestHeaders()
		_, reply := a.RequestBody(t.Context(), []byte(c.body))
		if reply == nil || reply.Status != 400 || !strings.Contains(string(reply.Body), `"param":"`+c.field+`"`) || !strings.Contains(string(reply.Body), "Expected a value >= 1") {
			t.Errorf("%s: %+v", c.body, reply)
		}
	}
}

// A client that says nothing asks with an empty text, and so it goes upstream:
// nothing is put in its mouth.
func TestEmptyTextGoesUpstream(t *testing.T) {
	for _, c := range []struct{ path, body string }{
		{"/v1/messages", `{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"user","content":""}]}`},
		{"/v1/messages", `{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":""}]}]}`},
		{"/v1/chat/completions", `{"model":"gemini-3.5-flash","messages":[{"role":"user","content":""}]}`},
		{"/v1/chat/completions", `{"model":"gemini-3.5-flash","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":""}]}]}`},
		{"/v1/responses", `{"model":"gemini-3.5-flash","input":""}`},
		{"/v1/responses", `{"model":"gemini-3.5-flash","input":[{"role":"user","content":""}]}`},
		{"/v1/responses", `{"model":"gemini-3.5-flash","input":[{"role":"user","content":[{"type":"input_text","text":""}]}]}`},
		{nativeStream, `{"contents":[{"role":"user","parts":[{"text":""}]}]}`},
		{"/v1/completions", `{"model":"gemini-3.5-flash","prompt":""}`},
		// In the words of another API.
		{"/v1/messages", `{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"user","content":[{"type":"input_text","text":""}]}]}`},
		{"/v1/chat/completions", `{"model":"gemini-3.5-flash","messages":[{"role":"user","content":[{"type":"input_text","text":""},""]}]}`},
		{"/v1/chat/completions", `{"model":"gemini-3.5-flash","messages":[{"type":"input_text","text":""}]}`},
		{"/v1/chat/completions", `{"model":"gemini-3.5-flash","input":""}`},
		{"/v1/chat/completions", `{"model":"gemini-3.5-flash","input":[{"role":"user","content":""}]}`},
		{"/v1/responses", `{"model":"gemini-3.5-flash","messages":[{"role":"user","content":[{"type":"text","text":""}]}]}`},
	} {
		_, sent, told := upstreamOf(t, newRig(t, nil), c.path, c.body, 1, "")
		if !strings.Contains(sent, `"contents":[{"role":"user","parts":[{"text":""}]}]`) || told != "" {
			t.Errorf("%s %s\nsent %s\ntold %s", c.path, c.body, sent, told)
		}
	}
}
