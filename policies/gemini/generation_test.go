package gemini

import (
	"errors"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestGenerationConfig(t *testing.T) {
	all := conversation.Limits{
		MaxTokens: new(128_000), Temperature: new(2.5), TopP: new(0.95), TopK: new(40),
		Stop: []string{"a", "", "a", "\"b\""}, Seed: new(1 << 32),
	}
	schema := conversation.Raw(`{"type":"array","items":{"type":"string"},"minItems":1}`)
	for _, c := range []struct {
		name, model string
		req         conversation.Request
		opts        Options
		want        string
		warnings    int
	}{
		{"nothing", older, conversation.Request{}, Options{}, ``, 0},
		{"all", older, conversation.Request{Limits: all}, Options{},
			`{"maxOutputTokens":65536,"temperature":2,"topP":0.95,"topK":40,"seed":0,"stopSequences":["a","\"b\""]}`, 0},
		{"fixed sampling", fixedM, conversation.Request{Limits: all}, Options{},
			`{"maxOutputTokens":65536,"seed":0,"stopSequences":["a","\"b\""]}`, 0},
		{"negative temperature", older, conversation.Request{Limits: conversation.Limits{Temperature: new(-1.0)}}, Options{}, `{"temperature":0}`, 0},
		{"unknown model is not capped", "gemma-3", conversation.Request{Limits: conversation.Limits{MaxTokens: new(1 << 40)}}, Options{}, `{"maxOutputTokens":2147483647}`, 0},
		{"more than five stops", older, conversation.Request{Limits: conversation.Limits{Stop: strings.Split("a b c d e f g", " ")}}, Options{},
			`{"stopSequences":["a","b","c","d","e"]}`, 1},
		{"any JSON", older, conversation.Request{Format: &conversation.Format{}}, Options{}, `{"responseMimeType":"application/json"}`, 0},
		{"schema", older, conversation.Request{Format: &conversation.Format{Schema: schema}}, Options{},
			`{"responseMimeType":"application/json","responseJsonSchema":` + string(schema) + `}`, 0},
		{"relaxed schema", older, conversation.Request{Format: &conversation.Format{Schema: schema}}, Options{RelaxSchema: true},
			`{"responseMimeType":"application/json","responseJsonSchema":{"type":"array","items":{"type":"string"}}}`, 0},
		{"schema and tools", strict, conversation.Request{Format: &conversation.Format{}, Tools: []conversation.Tool{{Name: "a"}}}, Options{},
			`{"responseMimeType":"application/json"}`, 0},
		{"thinking", strict, conversation.Request{Thinking: conversation.Thinking{Intent: conversation.ThinkLevel, Level: "high", Visible: true}}, Options{},
			`{"thinkingConfig":{"thinkingLevel":"high","includeThoughts":true}}`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.req.Messages = []conversation.Message{user(text("hi"))}
			body := rendered(t, &c.req, Target{Model: c.model}, c.opts)
			if got := string(body["generationConfig"]); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if len(c.req.Warnings) != c.warnings {
				t.Errorf("warnings: %v", c.req.Warnings)
			}
		})
	}
}

func TestGenerationErrors(t *testing.T) {
	for _, c := range []struct {
		name, model string
		req         conversation.Request
		kind        conversation.ErrorKind
		param       string
	}{
		{"no tokens", older, conversation.Request{Limits: conversation.Limits{MaxTokens: new(0)}}, conversation.ErrInvalid, "max_tokens"},
		{"JSON beside tools on 2.5", older, conversation.Request{Format: &conversation.Format{}, Tools: []conversation.Tool{{Name: "a"}}}, conversation.ErrUnsupported, "format"},
		{"schema that is none", older, conversation.Request{Format: &conversation.Format{Schema: conversation.Raw(`{"a":`)}}, conversation.ErrInvalid, "format.schema"},
		{"model with a path", "a/../b", conversation.Request{}, conversation.ErrInvalid, "model"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.req.Messages = []conversation.Message{user(text("hi"))}
			_, err := Render(&c.req, Target{Model: c.model}, Options{})
			var e *conversation.Error
			if !errors.As(err, &e) || e.Kind != c.kind || e.Param != c.param || !strings.HasPrefix(e.Message, c.param+": ") {
				t.Errorf("got %#v", err)
			}
		})
	}
}
