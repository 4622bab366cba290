package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// The turn after a tool call is answered at Vertex AI, for clients of each API:
// Gemini 3 gets the ids there without which it answers nothing. An older endpoint
// that does not know them gets the first request twice, and the next ones once.
func TestVertexToolTurn(t *testing.T) {
	const native = `{"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"functionCall":{"name":"ls","args":{}},"thoughtSignature":"skip_thought_signature_validator"}]},` +
		`{"role":"user","parts":[{"functionResponse":{"name":"ls","response":{"output":"x"}}}]}],"tools":[{"functionDeclarations":[{"name":"ls"}]}]}`
	turns := []struct{ name, path, body string }{
		{"claude", "/v1/messages", `{"model":"gemini-3.8-flash","max_tokens":900,STREAM"messages":[{"role":"user","content":"hi"},` +
			`{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"ls","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"x"}]}],"tools":[{"name":"ls","input_schema":{"type":"object"}}]}`},
		{"chat", "/v1/chat/completions", `{"model":"gemini-3.8-flash",STREAM"messages":[{"role":"user","content":"hi"},` +
			`{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"ls","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1","content":"x"}],"tools":[{"type":"function","function":{"name":"ls"}}]}`},
		{"responses", "/v1/responses", `{"model":"gemini-3.8-flash",STREAM"input":[{"role":"user","content":"hi"},` +
			`{"type":"function_call","call_id":"c1","name":"ls","arguments":"{}"},{"type":"function_call_output","call_id":"c1","output":"x"}],"tools":[{"type":"function","name":"ls","parameters":{"type":"object"}}]}`},
		{"native without ids", "/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse", native},
		{"native without ids, document", "/v1beta/models/gemini-3.8-flash:generateContent", native},
	}
	for _, endpoint := range []struct {
		name  string
		older bool
		first []string
	}{
		{"today", false, []string{"ok"}},
		{"older", true, []string{heal.ReasonRelax, "ok"}},
	} {
		t.Run(endpoint.name, func(t *testing.T) {
			s := stack.Start(t, stack.Options{Vertex: []string{"a"}, Policy: shortTimers, Fake: fakegemini.Options{VertexWithoutIDs: endpoint.older}})
			want := endpoint.first
			for _, c := range turns {
				for _, stream := range []string{`"stream":true,`, ``} {
					body := strings.Replace(c.body, "STREAM", stream, 1)
					if body == c.body && stream == `` {
						continue // the path says it
					}
					got := s.Post(c.path, body)
					s.Settle()
					if got.Status != 200 || got.Err != nil || !strings.Contains(got.Body, "tool said: x") && !strings.Contains(got.Body, "aid: x") {
						t.Errorf("%s: %d, %v\n%s", c.name, got.Status, got.Err, got.Body)
					}
					if words := s.Reasons(got.Header.Get("x-heald-request-id")); !slices.Equal(words, want) {
						t.Errorf("%s: log words %v, want %v", c.name, words, want)
					}
					want = []string{"ok"}
				}
			}
		})
	}
}

// Where nothing is left of what was bought, the request is answered from what all
// customers share, and the next one asks for what was bought again. Both headers
// get past Envoy's list.
func TestVertexProvisionedThroughput(t *testing.T) {
	s := stack.Start(t, stack.Options{Vertex: []string{"a"}, Policy: shortTimers,
		Models: `{aliases: {gemini-3.5-flash: [{model: gemini-3.5-flash, tier: dedicated}]}}`})
	for _, body := range []string{streamed, turn(model, "hello", false)} {
		s.Fake().Reset()
		s.Fake().Enqueue(fakegemini.Status(429, fakegemini.Message("Too many requests. Exceeded the Provisioned Throughput.")))
		got := s.Post(messages, body)
		s.Settle()
		if got.Status != 200 || got.Err != nil {
			t.Errorf("%d, %v\n%s", got.Status, got.Err, got.Body)
		}
		if words, want := s.Reasons(got.Header.Get("x-heald-request-id")), []string{heal.ReasonProvisioned, heal.ReasonOK}; !slices.Equal(words, want) {
			t.Errorf("log words %v, want %v", words, want)
		}
		var asked []string
		for _, r := range s.Fake().Requests() {
			asked = append(asked, r.Header.Get("x-vertex-ai-llm-request-type"))
		}
		if want := []string{"dedicated", "shared"}; !slices.Equal(asked, want) {
			t.Errorf("the provider was asked for %q, want %q", asked, want)
		}
	}
}
