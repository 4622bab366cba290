package chat

import (
	"errors"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
	"github.com/heald-proxy/heald/test/fixture"
)

func TestRequests(t *testing.T) {
	for _, c := range fixture.Load(t, "testdata/request") {
		t.Run(c.Name, func(t *testing.T) {
			req, err := New(Config{}).Decode(dialect.Route{}, nil, c.File("request.json"))
			fixture.Diff(t, c.Path("conversation.json"), c.File("conversation.json"), dialecttest.Dump(t, req, err))
		})
	}
}

// decode reads a request with the given fields besides model and messages.
func decode(fields string) (*conversation.Request, error) {
	if fields != "" {
		fields = "," + fields
	}
	body := `{"model":"m","messages":[{"role":"user","content":"hi"}]` + fields + `}`
	return New(Config{}).Decode(dialect.Route{}, nil, []byte(body))
}

func TestThinking(t *testing.T) {
	tests := []struct {
		name, fields string
		want         conversation.Thinking
	}{
		{"unset", ``, conversation.Thinking{Visible: true}},
		{"null", `"reasoning_effort":null`, conversation.Thinking{Visible: true}},
		{"default", `"reasoning_effort":"default"`, conversation.Thinking{Visible: true}},
		{"none", `"reasoning_effort":"none"`, conversation.Thinking{Intent: conversation.ThinkOff, Visible: true}},
		{"minimal", `"reasoning_effort":"minimal"`, conversation.Thinking{Intent: conversation.ThinkLevel, Level: "minimal", Visible: true}},
		{"xhigh", `"reasoning_effort":"xhigh"`, conversation.Thinking{Intent: conversation.ThinkLevel, Level: "xhigh", Visible: true}},
		{"yet unknown", `"reasoning_effort":"ultra"`, conversation.Thinking{Intent: conversation.ThinkLevel, Level: "high", Visible: true}},
		{"object", `"reasoning":{"effort":"low","exclude":true}`, conversation.Thinking{Intent: conversation.ThinkLevel, Level: "low"}},
		{"object after word", `"reasoning_effort":"high","reasoning":{"effort":"low"}`, conversation.Thinking{Intent: conversation.ThinkLevel, Level: "high", Visible: true}},
		{"budget", `"reasoning":{"max_tokens":2000}`, conversation.Thinking{Intent: conversation.ThinkBudget, Budget: 2000, Visible: true}},
		{"disabled", `"reasoning":{"enabled":false,"effort":"high"}`, conversation.Thinking{Intent: conversation.ThinkOff, Visible: true}},
		{"enabled", `"reasoning":{"enabled":true}`, conversation.Thinking{Intent: conversation.ThinkAuto, Visible: true}},
		{"another service's, off", `"enable_thinking":false`, conversation.Thinking{Intent: conversation.ThinkOff, Visible: true}},
		{"another service's, on", `"enable_thinking":true`, conversation.Thinking{Intent: conversation.ThinkAuto, Visible: true}},
		{"another service's, on, with effort", `"enable_thinking":true,"reasoning_effort":"low"`, conversation.Thinking{Intent: conversation.ThinkLevel, Level: "low", Visible: true}},
		{"object of a third, off", `"thinking":{"type":"disabled"}`, conversation.Thinking{Intent: conversation.ThinkOff, Visible: true}},
		{"object of a third, on", `"thinking":{"type":"enabled","clear_thinking":false}`, conversation.Thinking{Intent: conversation.ThinkAuto, Visible: true}},
		{"object of a third, neither", `"thinking":{"clear_thinking":false}`, conversation.Thinking{Visible: true}},
		{"object of a third, budget", `"thinking":{"type":"enabled","budget_tokens":2000}`, conversation.Thinking{Intent: conversation.ThinkBudget, Budget: 2000, Visible: true}},
		{"hidden", `"reasoning_format":"hidden"`, conversation.Thinking{}},
		{"hidden before the object", `"reasoning_format":"hidden","reasoning":{"exclude":false}`, conversation.Thinking{}},
		{"parsed", `"reasoning_format":"parsed"`, conversation.Thinking{Visible: true}},
		{"not included", `"include_reasoning":false`, conversation.Thinking{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := decode(tt.fields)
			if err != nil {
				t.Fatal(err)
			}
			warned := tt.name == "yet unknown"
			if req.Thinking != tt.want || len(req.Warnings) > 0 != warned {
				t.Errorf("thinking = %+v, want %+v, warnings %v", req.Thinking, tt.want, req.Warnings)
			}
		})
	}
}

// Words of other services that speak this API.
func TestForeignWords(t *testing.T) {
	req, err := decode(`"random_seed":7,"usage":{"include":true}`)
	if err != nil || len(req.Warnings) > 0 || req.Limits.Seed == nil || *req.Limits.Seed != 7 {
		t.Errorf("%+v, %v", req, err)
	}
	if req, err = decode(`"reasoning_format":"raw"`); err != nil || len(req.Warnings) != 1 {
		t.Errorf("%+v, %v", req, err)
	}
}

func TestServiceTier(t *testing.T) {
	tests := []struct {
		tier, want string
		warned     bool
	}{
		{"auto", "", false}, {"default", "standard", false}, {"flex", "flex", false},
		{"priority", "priority", false}, {"fast", "priority", false}, {"scale", "", true}, {"on_demand", "", true},
	}
	for _, tt := range tests {
		req, err := decode(`"service_tier":"` + tt.tier + `"`)
		if err != nil {
			t.Fatal(err)
		}
		if got := req.Upstream.ServiceTier; got != tt.want || len(req.Warnings) > 0 != tt.warned {
			t.Errorf("%s: tier %q, warnings %v, want %q, warned %v", tt.tier, got, req.Warnings, tt.want, tt.warned)
		}
	}
}

func TestChoice(t *testing.T) {
	tests := []struct {
		fields string
		mode   conversation.ChoiceMode
		names  string
	}{
		{``, conversation.ChoiceUnset, ""},
		{`"tool_choice":"auto"`, conversation.ChoiceAuto, ""},
		{`"tool_choice":"none"`, conversation.ChoiceNone, ""},
		{`"tool_choice":"required"`, conversation.ChoiceAny, ""},
		{`"tool_choice":"any"`, conversation.ChoiceAny, ""},
		{`"function_call":"auto"`, conversation.ChoiceAuto, ""},
		{`"function_call":{"name":"f"}`, conversation.ChoiceNamed, "f"},
		{`"tool_choice":{"type":"function","function":{"name":"f"}}`, conversation.ChoiceNamed, "f"},
		{`"tool_choice":{"function":{"name":"f"}}`, conversation.ChoiceNamed, "f"},
		{`"tool_choice":{"type":"function","name":"f"}`, conversation.ChoiceNamed, "f"},
		{`"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}},{"type":"custom","custom":{"name":"g"}}]}}`,
			conversation.ChoiceAllow, "f g"},
		{`"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","name":"f"}]}}`,
			conversation.ChoiceNamed, "f"},
	}
	for _, tt := range tests {
		req, err := decode(tt.fields)
		if err != nil {
			t.Errorf("%s: %v", tt.fields, err)
			continue
		}
		if got := strings.Join(req.Choice.Names, " "); req.Choice.Mode != tt.mode || got != tt.names {
			t.Errorf("%s: choice = %+v, want mode %d, names %q", tt.fields, req.Choice, tt.mode, tt.names)
		}
	}
}

func TestFormat(t *testing.T) {
	tests := []struct{ format, want string }{
		{`{"type":"text"}`, "text"},
		{`{"type":"json_object"}`, "any"},
		{`{"type":"json_schema","json_schema":{"name":"n"}}`, "any"},
		{`{"type":"json_schema","json_schema":{"schema":{"type":"object"},"strict":true}}`, `{"type":"object"}`},
	}
	for _, tt := range tests {
		req, err := decode(`"response_format":` + tt.format)
		if err != nil {
			t.Errorf("%s: %v", tt.format, err)
			continue
		}
		got := "text"
		if f := req.Format; f != nil {
			if got = "any"; f.Schema != nil {
				got = string(f.Schema)
			}
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.format, got, tt.want)
		}
	}
}

// Errors name the field as this API does.
func TestErrorsNameTheField(t *testing.T) {
	tests := []struct {
		fields, param string
		kind          conversation.ErrorKind
	}{
		{`"n":"1"`, "n", conversation.ErrInvalid},
		{`"temperature":"hot"`, "temperature", conversation.ErrInvalid},
		{`"max_tokens":-2`, "max_tokens", conversation.ErrInvalid},
		{`"max_completion_tokens":1.5`, "max_completion_tokens", conversation.ErrInvalid},
		{`"seed":1e30`, "seed", conversation.ErrInvalid},
		{`"random_seed":"a"`, "random_seed", conversation.ErrInvalid},
		{`"thinking":{"type":"maybe"}`, "thinking.type", conversation.ErrInvalid},
		{`"thinking":true`, "thinking", conversation.ErrInvalid},
		{`"enable_thinking":"yes"`, "enable_thinking", conversation.ErrInvalid},
		{`"reasoning_format":1`, "reasoning_format", conversation.ErrInvalid},
		{`"top_logprobs":21`, "top_logprobs", conversation.ErrInvalid},
		{`"stop":[1]`, "stop[0]", conversation.ErrInvalid},
		{`"stop":5`, "stop", conversation.ErrInvalid},
		{`"stream":1`, "stream", conversation.ErrInvalid},
		{`"stream_options":{"include_usage":1}`, "stream_options.include_usage", conversation.ErrInvalid},
		{`"tools":{}`, "tools", conversation.ErrInvalid},
		{`"tools":[{"type":"function","function":{}}]`, "tools[0].function.name", conversation.ErrInvalid},
		{`"tools":[{"type":"function","function":{"name":"f","parameters":[]}}]`, "tools[0].function.parameters", conversation.ErrInvalid},
		{`"tools":[{"type":"custom"}]`, "tools[0].name", conversation.ErrInvalid},
		{`"tools":[{"type":7}]`, "tools[0].type", conversation.ErrInvalid},
		{`"tool_choice":"maybe"`, "tool_choice", conversation.ErrInvalid},
		{`"tool_choice":{"type":"function"}`, "tool_choice.name", conversation.ErrInvalid},
		{`"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"x"}}`, "tool_choice.allowed_tools.mode", conversation.ErrInvalid},
		{`"response_format":{"type":"xml"}`, "response_format.type", conversation.ErrInvalid},
		{`"response_format":{"type":"json_schema"}`, "response_format.json_schema", conversation.ErrInvalid},
		{`"response_format":{"type":"json_schema","json_schema":{"schema":[]}}`, "response_format.json_schema.schema", conversation.ErrInvalid},
		{`"modalities":["smell"]`, "modalities[0]", conversation.ErrInvalid},
		{`"extra_body":{"google":{"thinking_config":[]}}`, "extra_body.google.thinking_config", conversation.ErrInvalid},
		{`"reasoning_effort":"low","google":{"thinking_config":{}}`, "reasoning_effort", conversation.ErrInvalid},
		{`"messages":5`, "messages", conversation.ErrInvalid},
		{`"messages":[{"content":"x"}]`, "messages[0].role", conversation.ErrInvalid},
		{`"messages":[{"role":"user","content":"","said":"x"}]`, "messages[0].said", conversation.ErrInvalid},
		{`"messages":[{"role":"user","content":7}]`, "messages[0].content", conversation.ErrInvalid},
		{`"messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]`, "messages[0].content[0].image_url.url", conversation.ErrInvalid},
		{`"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"f"}}]}]`, "messages[0].content[0].file.file_id", conversation.ErrUnsupported},
		{`"messages":[{"role":"assistant","audio":7}]`, "messages[0].audio", conversation.ErrInvalid},
		{`"messages":[{"role":"assistant","tool_calls":[{"id":"a"}]}]`, "messages[0].tool_calls[0].function", conversation.ErrInvalid},
		{`"model":""`, "model", conversation.ErrInvalid},
		{`"model":"` + strings.Repeat("m", 300) + `"`, "model", conversation.ErrInvalid},
	}
	for _, tt := range tests {
		_, err := decode(tt.fields)
		var known *conversation.Error
		if !errors.As(err, &known) {
			t.Errorf("%s: error %v, want one of the client's", tt.fields, err)
			continue
		}
		if known.Param != tt.param || known.Kind != tt.kind || !strings.HasPrefix(known.Message, tt.param+": ") {
			t.Errorf("%s: kind %d, param %q, message %q; want kind %d, param %q", tt.fields, known.Kind, known.Param, known.Message, tt.kind, tt.param)
		}
	}
}

// Texts are slices of the body, also where it is large.
func TestTextsAreNotCopied(t *testing.T) {
	body := []byte(`{"model":"m","messages":[{"role":"user","content":"abc"},{"role":"tool","tool_call_id":"x","content":[{"type":"text","text":"def"}]}]}`)
	req, err := New(Config{}).Decode(dialect.Route{}, nil, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []conversation.Text{req.Messages[0].Parts[0].Text, req.Messages[1].Parts[0].Result.Parts[0].Text} {
		before := text.String()
		text[1] = 'X'
		if !strings.Contains(string(body), "X"+before[1:]) {
			t.Errorf("%q is a copy", before)
		}
	}
}

func TestInvalidUTF8(t *testing.T) {
	req, err := New(Config{}).Decode(dialect.Route{}, nil, []byte("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a\xffb\"}]}"))
	if err != nil {
		t.Fatal(err)
	}
	if got := req.Messages[0].Parts[0].Text.String(); got != "a\uFFFDb" {
		t.Errorf("text = %q", got)
	}
}

// A warning about the search names the field that asked for it.
func TestSearchOptionsHaveAPlace(t *testing.T) {
	req, err := decode(`"web_search_options":{"search_context_size":"low"}`)
	if err != nil || len(req.Tools) != 1 || req.FieldNames.Place(req.Tools[0].At) != "web_search_options" {
		t.Errorf("got %+v, %v", req, err)
	}
}
