package native

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Only what is known not to change what the answer is may stand in a body whose
// answer is resumed.
func TestOutline(t *testing.T) {
	const contents = `"contents":[{"role":"user","parts":[{"text":"hi"}]}]`
	for _, c := range []struct {
		with string
		want bool
	}{
		{``, true},
		{`"systemInstruction":{"parts":[{"text":"x"}]},"safety_settings":[],"labels":{},"serviceTier":"flex"`, true},
		{`"tools":[{"functionDeclarations":[{"name":"f"}]},{"function_declarations":[]}]`, true},
		{`"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}`, true},
		{`"generationConfig":{"temperature":1,"topP":1,"top_k":1,"maxOutputTokens":5,"stopSequences":["x"],"seed":1,"thinkingConfig":{"includeThoughts":true},"candidateCount":1,"responseMimeType":"text/plain","responseModalities":["TEXT"],"responseSchema":null}`, true},
		{`"tools":[{"googleSearch":{}}]`, false},
		{`"tools":[{"functionDeclarations":[],"codeExecution":{}}]`, false},
		{`"toolConfig":{"functionCallingConfig":{"mode":"ANY"}}`, false},
		{`"toolConfig":{"functionCallingConfig":{"mode":"AUTO","allowedFunctionNames":["f"]}}`, false},
		{`"tool_config":{"retrievalConfig":{}}`, false},
		{`"cachedContent":"cachedContents/1"`, false},
		{`"generationConfig":{"candidateCount":2}`, false},
		{`"generationConfig":{"maxOutputTokens":"5"}`, false},
		{`"generationConfig":{"responseMimeType":"application/json"}`, false},
		{`"generationConfig":{"response_schema":{"type":"OBJECT"}}`, false},
		{`"generationConfig":{"responseModalities":["TEXT","IMAGE"]}`, false},
		{`"generationConfig":{"responseLogprobs":true}`, false},
		{`"unheardOf":1`, false},
		{contents, false},
	} {
		body := "{" + contents + "," + c.with + "}"
		if c.with == "" {
			body = "{" + contents + "}"
		}
		got := New().Outline(&conversation.Request{Model: "m", Stream: true}, []byte(body))
		if (got != nil) != c.want {
			t.Errorf("%s: %+v", body, got)
		}
		if got != nil && (!got.Stream || strings.Contains(body, "maxOutputTokens") != (got.Limits.MaxTokens != nil)) {
			t.Errorf("%s: %+v", body, got)
		}
	}
	for _, body := range []string{`{}`, `{"contents":"hi"}`, `{"contents":{"parts":[]}}`, `{"contents":[`, `{"contents":[]`} {
		if got := New().Outline(&conversation.Request{}, []byte(body)); got != nil {
			t.Errorf("%s: %+v", body, got)
		}
	}
}

func TestExtend(t *testing.T) {
	say := func(role conversation.Role, text string) conversation.Message {
		return conversation.Message{Role: role, Parts: []conversation.Part{{Kind: conversation.KindText, Text: conversation.Quote(text)}}}
	}
	five := 5
	for _, c := range []struct {
		body, want string
		messages   []conversation.Message
		most       *int
	}{
		{`{"contents":[ {"parts":[{"text":"hi"}]} ],"generationConfig":{"maxOutputTokens":10,"seed":1}}`,
			`{"contents":[ {"parts":[{"text":"hi"}]},{"role":"model","parts":[{"text":"\"half"}]},{"role":"user","parts":[{"text":"on"}]} ],"generationConfig":{"maxOutputTokens":5,"seed":1}}`,
			[]conversation.Message{say(conversation.Model, `"half`), say(conversation.User, "on")}, &five},
		{`{"contents":[]}`, `{"contents":[{"role":"user","parts":[{"text":"on"}]}]}`, []conversation.Message{say(conversation.User, "on")}, &five},
		{`{"generation_config":{"max_output_tokens":10},"contents":[{}]}`, `{"generation_config":{"max_output_tokens":5},"contents":[{}]}`, nil, &five},
		{`{"contents":[{}],"generationConfig":{"maxOutputTokens":10}}`, `{"contents":[{}],"generationConfig":{"maxOutputTokens":10}}`, nil, nil},
	} {
		got, err := New().Extend([]byte(c.body), c.messages, c.most)
		if err != nil || string(got) != c.want || !jsontext.Value(got).IsValid() {
			t.Errorf("%s: got %s, %v; want %s", c.body, got, err, c.want)
		}
	}
}
