package native

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/test/fixture"
)

var camelMember = regexp.MustCompile(`"[a-z]+(?:[A-Z][a-z]+)+\\?"\s*:`)

// snake spells the names of all members as protobuf does.
func snake(body []byte) []byte {
	return camelMember.ReplaceAllFunc(body, func(m []byte) []byte {
		var out []byte
		for _, c := range m {
			if 'A' <= c && c <= 'Z' {
				out = append(out, '_', c-'A'+'a')
				continue
			}
			out = append(out, c)
		}
		return out
	})
}

// The API takes each name in two spellings, and so does every repair: what
// becomes of a request does not depend on them.
func TestRepairTakesBothSpellings(t *testing.T) {
	changed := 0
	for _, c := range fixture.Load(t, "testdata/repair") {
		if strings.HasPrefix(c.Name, "schemas-") {
			continue // JSON Schema spells its words in one way
		}
		var rc repairCase
		if err := json.Unmarshal(c.File("case.json"), &rc); err != nil {
			t.Fatal(err)
		}
		for _, vertex := range []bool{false, true} {
			rc.Vertex = vertex
			one := c.File("request.json")
			other := snake(one)
			if string(one) != string(other) {
				changed++
			}
			want, wantErr := repaired(t, rc, one)
			got, gotErr := repaired(t, rc, other)
			if !slices.Equal(got, want) || gotErr != wantErr {
				t.Errorf("%s, Vertex AI %t: got\n%s\n%s\nwant\n%s\n%s", c.Name, vertex, strings.Join(got, "\n"), gotErr, strings.Join(want, "\n"), wantErr)
			}
		}
	}
	for _, body := range []string{
		`{"contents":[{"role":"user","parts":[{"text":"t","videoMetadata":{"fps":1}},{"text":"u","mediaResolution":{"level":"MEDIA_RESOLUTION_LOW"}}]}]}`,
		`{"contents":[{"role":"model","parts":[{"text":"t","thought":true,"videoMetadata":{}}]}]}`,
		`{"contents":[{"role":"model","parts":[{"text":"t","thought":true,"mediaResolution":{}}]}]}`,
		`{"contents":[{"role":"model","parts":[{"videoMetadata":{}},{"text":"t"}]},{"role":"model","parts":[{"mediaResolution":{}}]}]}`,
		`{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":{},"partialArgs":[],"willContinue":true},"thoughtSignature":"c2ln"}]}]}`,
		`{"contents":[],"cachedContent":"cachedContents/a","toolConfig":{"functionCallingConfig":{"mode":"ANY"}},"serviceTier":"flex","safetySettings":[{"method":"SEVERITY"}],"labels":{"a":"b"}}`,
		`{"contents":[],"modelArmorConfig":{"promptTemplateName":"t"}}`,
		`{"contents":[],"tools":[{"fileSearch":{"fileSearchStoreNames":["a"]}}]}`,
		`{"contents":[],"tools":[{"mcpServers":[{"name":"a"}]}]}`,
		`{"contents":[],"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"ARRAY","minItems":"1"},"b":{"anyOf":[{"type":"STRING","minLength":"1"}]}}},"response":{"type":"ARRAY","items":{"type":"STRING"},"maxItems":"2"}},{"name":"g","parametersJsonSchema":{"maximum":1},"responseJsonSchema":{"minimum":"1"}},{"name":"a b"}]}]}`,
		`{"contents":[],"generationConfig":{"routingConfig":{},"audioTimestamp":true,"maxOutputTokens":1000000,"presencePenalty":1,"frequencyPenalty":1,"responseLogprobs":true,"responseSchema":{"maxLength":"1"}}}`,
		`{"contents":[{"parts":[{"fileData":{"fileUri":"gs://b/o","displayName":"d"}}]}]}`,
		`{"contents":[{"parts":[{"inlineData":{"data":"","displayName":"d"},"partMetadata":{}}]}],"systemInstruction":{"parts":[{"fileData":{"fileUri":"gs://b/o"}}]}}`,
		`{"contents":[{"parts":[{"functionResponse":{"name":"f","id":"1","response":{},"parts":[{"fileData":{"fileUri":"https://a/b"}}]}}]}]}`,
	} {
		for _, rc := range []repairCase{
			{}, {Vertex: true}, {Vertex: true, Version: "v1beta1"}, {Count: true}, {Vertex: true, Count: true},
			{Strip: true, Prompt: "p", OmitIDs: true, OmitLogprobs: true},
		} {
			rc.Model = "gemini-3.5-flash"
			want, wantErr := repaired(t, rc, []byte(body))
			got, gotErr := repaired(t, rc, snake([]byte(body)))
			if !slices.Equal(got, want) || gotErr != wantErr {
				t.Errorf("%+v: got\n%s\n%s\nwant\n%s\n%s", rc, strings.Join(got, "\n"), gotErr, strings.Join(want, "\n"), wantErr)
			}
		}
	}
	if changed < 20 {
		t.Errorf("only %d requests have names in two spellings", changed)
	}
}

// repaired is what happens to a body: the body in one spelling, headers and
// warnings; or the error.
func repaired(t *testing.T, rc repairCase, body []byte) (out []string, failure string) {
	t.Helper()
	req := &conversation.Request{Stream: true}
	got, headers, err := New().Repair(req, body, rc.target(), rc.options())
	if err != nil {
		return nil, err.Error()
	}
	out = append(out, string(snake(got)))
	for _, h := range headers {
		out = append(out, h.Name+": "+h.Value)
	}
	for _, w := range req.Warnings {
		out = append(out, w.Field+": "+w.Why)
	}
	return out, ""
}
