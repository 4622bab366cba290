package gemini

import (
	"errors"
	"slices"
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
			`{"maxOutputTokens":65536,"temperature":2,"topP":0.95,"topK":40,"seed":0,"stopSequences":["a","\"b\""]}`, 1},
		{"fixed sampling", fixedM, conversation.Request{Limits: all}, Options{},
			`{"maxOutputTokens":65536,"seed":0,"stopSequences":["a","\"b\""]}`, 1},
		{"fixed sampling, as clients send it unasked", fixedM, conversation.Request{Limits: conversation.Limits{Temperature: new(1.0), TopP: new(0.95), TopK: new(64), PresencePenalty: new(0.0)}}, Options{}, ``, 0},
		{"negative temperature", older, conversation.Request{Limits: conversation.Limits{Temperature: new(-1.0)}}, Options{}, `{"temperature":0}`, 1},
		{"unknown model is not capped", "gemma-3", conversation.Request{Limits: conversation.Limits{MaxTokens: new(1 << 40)}}, Options{}, `{"maxOutputTokens":2147483647}`, 0},
		{"more than five stops", older, conversation.Request{Limits: conversation.Limits{Stop: strings.Split("a b c d e f g", " ")}}, Options{},
			`{"stopSequences":["a","b","c","d","e"]}`, 0},
		{"penalties", "gemini-2.0-flash", conversation.Request{Limits: conversation.Limits{PresencePenalty: new(0.5), FrequencyPenalty: new(-1.0)}}, Options{},
			`{"presencePenalty":0.5,"frequencyPenalty":-1}`, 0},
		{"penalties on 2.5", older, conversation.Request{Limits: conversation.Limits{PresencePenalty: new(0.5)}}, Options{}, ``, 1},
		{"no penalties in truth", strict, conversation.Request{Limits: conversation.Limits{PresencePenalty: new(0.0)}}, Options{}, ``, 0},
		{"penalties were refused", "gemini-2.0-flash", conversation.Request{Limits: conversation.Limits{FrequencyPenalty: new(0.5)}}, Options{OmitPenalties: true}, ``, 1},
		{"log probabilities", older, conversation.Request{Limits: conversation.Limits{Logprobs: true}}, Options{}, `{"responseLogprobs":true}`, 0},
		{"with alternatives", older, conversation.Request{Limits: conversation.Limits{TopLogprobs: new(30)}}, Options{}, `{"responseLogprobs":true,"logprobs":20}`, 0},
		{"log probabilities were refused", older, conversation.Request{Limits: conversation.Limits{Logprobs: true, TopLogprobs: new(3)}}, Options{OmitLogprobs: true}, ``, 1},
		{"two answers", older, conversation.Request{Limits: conversation.Limits{Candidates: 2}}, Options{}, `{"candidateCount":2}`, 0},
		{"one answer", strict, conversation.Request{Limits: conversation.Limits{Candidates: 1}}, Options{}, ``, 0},
		{"text only", strict, conversation.Request{Output: conversation.Output{Modalities: []string{"text"}}}, Options{}, ``, 0},
		{"text of a model that draws", "gemini-2.5-flash-image", conversation.Request{Output: conversation.Output{Modalities: []string{"text"}}}, Options{}, `{"responseModalities":["TEXT"]}`, 0},
		{"image", "gemini-3.5-flash-image-preview", conversation.Request{Output: conversation.Output{Modalities: []string{"text", "image"}}}, Options{}, `{"responseModalities":["TEXT","IMAGE"]}`, 0},
		{"speech", "gemini-2.5-flash-preview-tts", conversation.Request{Output: conversation.Output{Modalities: []string{"audio"}, Voice: "Kore"}}, Options{},
			`{"responseModalities":["AUDIO"],"speechConfig":{"voiceConfig":{"prebuiltVoiceConfig":{"voiceName":"Kore"}}}}`, 0},
		{"voice without speech", older, conversation.Request{Output: conversation.Output{Voice: "Kore"}}, Options{}, ``, 1},
		{"thinking in the upstream's words", strict, conversation.Request{
			Thinking: conversation.Thinking{Intent: conversation.ThinkOff}, Upstream: conversation.Upstream{ThinkingConfig: conversation.Raw(`{"thinking_level":"high"}`)}}, Options{},
			`{"thinkingConfig":{"thinking_level":"high"}}`, 0},
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
		{"JSON beside tools on 2.5", older, conversation.Request{Format: &conversation.Format{}, Tools: []conversation.Tool{{Name: "a"}}}, conversation.ErrUnsupported, "format"},
		{"schema that is none", older, conversation.Request{Format: &conversation.Format{Schema: conversation.Raw(`{"a":`)}}, conversation.ErrInvalid, "format.schema"},
		{"no answers", older, conversation.Request{Limits: conversation.Limits{Candidates: -1}}, conversation.ErrInvalid, "n"},
		{"too many answers", older, conversation.Request{Limits: conversation.Limits{Candidates: 9}}, conversation.ErrInvalid, "n"},
		{"two answers on 3", strict, conversation.Request{Limits: conversation.Limits{Candidates: 2}}, conversation.ErrUnsupported, "n"},
		{"long stop sequences", older, conversation.Request{Limits: conversation.Limits{Stop: []string{strings.Repeat("x", maxStopBytes), "y"}}}, conversation.ErrInvalid, "stop_sequences"},
		{"picture of a text model", strict, conversation.Request{Output: conversation.Output{Modalities: []string{"image"}}}, conversation.ErrUnsupported, "modalities"},
		{"text of a voice", "gemini-2.5-pro-preview-tts", conversation.Request{Output: conversation.Output{Modalities: []string{"text"}}}, conversation.ErrUnsupported, "modalities"},
		{"smell", strict, conversation.Request{Output: conversation.Output{Modalities: []string{"smell"}}}, conversation.ErrInvalid, "modalities"},
		{"thinking that is no object", strict, conversation.Request{Upstream: conversation.Upstream{ThinkingConfig: conversation.Raw(`1`)}}, conversation.ErrInvalid, "thinking_config"},
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

func TestRenderedStop(t *testing.T) {
	req := &conversation.Request{Messages: []conversation.Message{user(text("hi"))}, Limits: conversation.Limits{Stop: strings.Split("a b c d a e f g f", " ")}}
	out, err := Render(req, Target{Model: strict}, Options{})
	if err != nil || !slices.Equal(out.Stop, []string{"f", "g"}) {
		t.Errorf("left to scan: %q, %v", out.Stop, err)
	}
}
