package gemini

import (
	"bytes"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestParseTokenCount(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     int
		fails    bool
	}{
		{"AI Studio", "{\n  \"totalTokens\": 31,\n  \"promptTokensDetails\": [{\"modality\": \"TEXT\", \"tokenCount\": 31}]\n}\n", 31, false},
		{"Vertex", `{"totalTokens":7,"totalBillableCharacters":20}`, 7, false},
		{"snake case", `{"total_tokens":7}`, 7, false},
		{"as a string", `{"totalTokens":"7"}`, 7, false},
		{"missing", `{"cachedContentTokenCount":1}`, 0, true},
		{"error", `{"error":{"code":400}}`, 0, true},
		{"null", `{"totalTokens":null}`, 0, true},
		{"negative", `{"totalTokens":-4}`, 0, true},
		{"cut short", `{"totalTokens":7`, 0, true},
		{"html", `<html>`, 0, true},
		{"array", `[{"totalTokens":7}]`, 0, true},
		{"nothing", ``, 0, true},
	} {
		if got, err := ParseTokenCount([]byte(c.in)); got != c.want || (err != nil) != c.fails {
			t.Errorf("%s: got %d, %v", c.name, got, err)
		}
	}
}

func TestEstimateTokens(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 1, 7: 2, 8: 3, 3500: 1000} {
		if got := EstimateTokens(n); got != want {
			t.Errorf("%d bytes: got %d, want %d", n, got, want)
		}
	}
}

// Clients ask how long their instructions and tools are before there is a
// conversation. The API wants one anyway.
func TestCountWithoutConversation(t *testing.T) {
	system := []conversation.Part{text("be brief")}
	tools := []conversation.Tool{{Name: "f"}}
	empty := []conversation.Message{user(text(""))}
	for _, c := range []struct {
		name  string
		req   conversation.Request
		op    conversation.Operation
		fails bool
	}{
		{"instructions", conversation.Request{System: system}, conversation.CountTokens, false},
		{"instructions and an empty message", conversation.Request{System: system, Messages: empty}, conversation.CountTokens, false},
		{"tools", conversation.Request{Tools: tools}, conversation.CountTokens, false},
		{"nothing", conversation.Request{}, conversation.CountTokens, true},
		{"an answer", conversation.Request{System: system, Tools: tools}, conversation.Generate, true},
	} {
		for _, kind := range []Kind{AIStudio, Vertex} {
			out, err := Render(&c.req, Target{Kind: kind, Model: strict}, Options{Operation: c.op})
			if (err != nil) != c.fails {
				t.Errorf("%s: %v", c.name, err)
			}
			if err == nil && !bytes.Contains(out.Body, []byte(`"contents":[{"role":"user","parts":[{"text":"`+goesOn+`"}]}]`)) {
				t.Errorf("%s: %s", c.name, out.Body)
			}
		}
	}
}
