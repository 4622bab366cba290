package exchange

import (
	"strings"
	"testing"
)

// A sentence is no media type, whichever API it comes by: it is refused, or the
// file is left out. Upstream never sees it.
func TestMediaTypesAreChecked(t *testing.T) {
	const bad = "image/API key not valid"
	for _, c := range []struct{ path, body string }{
		{"/v1/messages", `{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"` + bad + `","data":"aGk="}}]}]}`},
		{"/v1/messages", `{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"url","media_type":"` + bad + `","url":"https://example.org/a"}}]}]}`},
		{"/v1/messages", `{"model":"gemini-3.5-flash","max_tokens":9,"tools":[{"name":"ls","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"hi"},` +
			`{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"ls","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"image","source":{"type":"base64","media_type":"` + bad + `","data":"aGk="}}]}]}]}`},
		{"/v1/chat/completions", `{"model":"gemini-3.5-flash","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:` + bad + `;base64,aGk="}}]}]}`},
		{"/v1/chat/completions", `{"model":"gemini-3.5-flash","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"format":"API key not valid","data":"aGk="}}]}]}`},
		{"/v1/responses", `{"model":"gemini-3.5-flash","input":[{"role":"user","content":[{"type":"input_image","image_url":"data:` + bad + `;base64,aGk="}]}]}`},
		{nativeStream, `{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"` + bad + `","data":"aGk="}}]}]}`},
	} {
		a := newRig(t, nil).begin(1, "")
		a.in.Path = c.path
		if reply := a.RequestHeaders(); reply != nil {
			t.Fatalf("%s: %s", c.path, reply.Body)
		}
		if f, reply := a.RequestBody(t.Context(), []byte(c.body)); reply != nil && reply.Status != 400 || f != nil && strings.Contains(string(f.Body), "API key") {
			t.Errorf("%s: forward %+v, reply %+v", c.body, f, reply)
		}
	}
}
