package native

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// What is in the summary of a body, in either spelling: the last content, the
// system text, how many tools, the limit.
func TestSummary(t *testing.T) {
	text := func(s string) conversation.Part {
		return conversation.Part{Kind: conversation.KindText, Text: conversation.Quote(s)}
	}
	media := conversation.Part{Kind: conversation.KindMedia}
	limit := 7
	for _, c := range []struct {
		body string
		want conversation.Request
	}{
		{`{}`, conversation.Request{}},
		{`{"contents":[]}`, conversation.Request{}},
		{`[1]`, conversation.Request{}},
		{`{"systemInstruction":"s","contents":"alone"}`, conversation.Request{System: []conversation.Part{text("s")}}},
		{`{"contents":["alone"]}`, conversation.Request{Messages: []conversation.Message{{Parts: []conversation.Part{text("alone")}}}}},
		{`{"contents":[{"role":"user","parts":[{"text":"first"}]},{"role":"model","parts":[{"text":"a"},{"inlineData":{}},{"text":"b\n"}]}]}`,
			conversation.Request{Messages: []conversation.Message{{}, {Role: conversation.Model, Parts: []conversation.Part{text("a"), media, text("b\n")}}}}},
		{`{"contents":[{"parts":[{"text":"x"}],"role":"user","other":{"parts":[]}}]}`, conversation.Request{Messages: []conversation.Message{{Parts: []conversation.Part{text("x")}}}}},
		{`{"systemInstruction":{"parts":[{"text":"s"}]},"tools":[{},{}],"generationConfig":{"topK":1,"maxOutputTokens":7}}`,
			conversation.Request{System: []conversation.Part{text("s")}, Tools: make([]conversation.Tool, 2), Limits: conversation.Limits{MaxTokens: &limit}}},
		{`{"generationConfig":{"maxOutputTokens":"7"}}`, conversation.Request{Limits: conversation.Limits{MaxTokens: &limit}}},
		{`{"generationConfig":{"maxOutputTokens":7.5,"candidateCount":3}}`, conversation.Request{Limits: conversation.Limits{Candidates: 3}}},
		{`{"other":[{"parts":[]}],"tools":[{"googleSearch":{}}]}`, conversation.Request{Tools: make([]conversation.Tool, 1)}},
	} {
		for _, body := range [][]byte{[]byte(c.body), snake([]byte(c.body))} {
			if got := New().Summary(body); !reflect.DeepEqual(*got, c.want) {
				t.Errorf("%s: got %+v, want %+v", body, *got, c.want)
			}
		}
	}
}

// No more is kept than a request may have.
func TestSummaryIsBounded(t *testing.T) {
	list := func(n int, of string) string { return strings.TrimSuffix(strings.Repeat(of+",", n), ",") }
	for _, c := range []struct {
		format, of string
		most       int
		count      func(*conversation.Request) int
	}{
		{`{"contents":[%s]}`, `{}`, conversation.MaxMessages, func(r *conversation.Request) int { return len(r.Messages) }},
		{`{"contents":[{"parts":[%s]}]}`, `{"text":"x"}`, conversation.MaxParts, func(r *conversation.Request) int { return len(r.Messages[0].Parts) }},
		{`{"systemInstruction":{"parts":[%s]}}`, `{"text":"x"}`, conversation.MaxParts, func(r *conversation.Request) int { return len(r.System) }},
		{`{"tools":[%s]}`, `{}`, conversation.MaxTools, func(r *conversation.Request) int { return len(r.Tools) }},
	} {
		for _, n := range []int{c.most, c.most + 1} {
			if got := c.count(New().Summary(fmt.Appendf(nil, c.format, list(n, c.of)))); got != c.most {
				t.Errorf("%s of %d: %d are kept, want %d", c.format, n, got, c.most)
			}
		}
	}
}
