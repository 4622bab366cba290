package responses

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
	"github.com/heald-proxy/heald/test/fixture"
)

func TestRequests(t *testing.T) {
	for _, c := range fixture.Load(t, "testdata/request") {
		t.Run(c.Name, func(t *testing.T) {
			req, err := New().Decode(dialect.Route{}, headers(t, c), c.File("request.json"))
			if req != nil {
				req.Own = shapes(req.Own.(*own))
			}
			fixture.Diff(t, c.Path("conversation.json"), c.File("conversation.json"), dialecttest.Dump(t, req, err))
		})
	}
}

// Vercel's AI SDK refers to reasoning and searches that it believes to be stored,
// beside calls that it sends whole. What only the reference tells is refused.
func TestItemReferences(t *testing.T) {
	for _, item := range []string{`{"type":"item_reference","id":"%s"}`, `{"id":"%s"}`} {
		for id, refused := range map[string]bool{"rs_1": false, "ws_1": false, "msg_1": true, "fc_1": true, "1": true} {
			body := fmt.Sprintf(`{"model":"m","input":[{"role":"user","content":"a"},`+item+`,{"type":"function_call","call_id":"t","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"t","output":"r"}]}`, id)
			req, err := New().Decode(dialect.Route{}, nil, []byte(body))
			var fault *conversation.Error
			switch {
			case refused && (!errors.As(err, &fault) || !strings.Contains(fault.Message, "store: false")):
				t.Errorf("%s: %v, want advice", id, err)
			case !refused && (err != nil || len(req.Messages) != 3 || len(req.Warnings) != 1):
				t.Errorf("%s: %v, %+v", id, err, req)
			}
		}
	}
}

func headers(t *testing.T, c fixture.Case) (h policies.Headers) {
	if data := c.File("headers.json"); data != nil {
		if err := json.Unmarshal(data, &h); err != nil {
			t.Fatalf("headers.json: %v", err)
		}
	}
	return h
}

// shapes lists the shapes of calls that differ from the upstream's.
func shapes(o *own) map[string]string {
	words := map[string]string{}
	for name, s := range o.calls {
		switch {
		case s.typed != nil:
			words[name] = s.typed.call
		case s.freeform || s.namespace != "":
			words[name] = fmt.Sprintf("%s in %q, freeform %v", s.name, s.namespace, s.freeform)
		}
	}
	return words
}

// decode reads a request with the given fields besides model and input.
func decode(fields string) (*conversation.Request, error) {
	if fields != "" {
		fields = "," + fields
	}
	return New().Decode(dialect.Route{}, nil, []byte(`{"model":"m","input":"hi"`+fields+`}`))
}

func TestRefused(t *testing.T) {
	tests := []struct{ name, fields, param string }{
		{"stored response", `"previous_response_id":"resp_1"`, "previous_response_id"},
		{"stored conversation", `"conversation":{"id":"conv_1"}`, "conversation"},
		{"stored prompt", `"prompt":{"id":"pmpt_1"}`, "prompt"},
		{"background", `"background":true`, "background"},
		{"hosted choice among others", `"tools":[{"type":"web_search"},{"type":"function","name":"f"}],"tool_choice":{"type":"web_search"}`, "tool_choice"},
		{"hosted choice without the tool", `"tool_choice":{"type":"code_interpreter"}`, "tool_choice"},
		{"hosted choice of no tool", `"tools":[{"type":"web_search"}],"tool_choice":{"type":"file_search"}`, "tool_choice"},
		{"only tools of no offer required", `"tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"web_search"}]}`, "tool_choice"},
		{"item reference", `"input":[{"role":"user","content":"a"},{"type":"item_reference","id":"i"}]`, "input[1]"},
		{"uploaded file", `"input":[{"role":"user","content":[{"type":"input_file","file_id":"file-1"}]}]`, "input[0].content[0].file_id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := decode(tt.fields)
			var known *conversation.Error
			if !errors.As(err, &known) || known.Kind != conversation.ErrUnsupported || known.Param != tt.param {
				t.Errorf("got %#v, want one about %s", err, tt.param)
			}
		})
	}
}

func TestInvalid(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"no JSON", `{"model":`, "ends too early"},
		{"no object", `[]`, "should be a JSON object"},
		{"something follows", `{"model":"m","input":"a"} x`, "not valid JSON"},
		{"no model", `{"input":"a"}`, "model: Field required"},
		{"long model", `{"input":"a","model":"` + strings.Repeat("m", 300) + `"}`, "model: String should have at most 256 characters"},
		{"no input", `{"model":"m"}`, "input: Field required"},
		{"empty input", `{"model":"m","input":[]}`, "input: " + nothingToAnswer},
		{"input of another kind", `{"model":"m","input":7}`, "input: Input should be a valid string"},
		{"item without type", `{"model":"m","input":[{"x":1}]}`, "input[0].type: Field required"},
		{"item that is none", `{"model":"m","input":[7]}`, "input[0]: Input should be an object"},
		{"text in an unknown field", `{"model":"m","input":[{"role":"user","content":"","said":"x"}]}`, "input[0].said: not a known field"},
		{"unknown role", `{"model":"m","input":[{"role":"wizard","content":"a"}]}`, "input[0].role: Input should be"},
		{"image as system text", `{"model":"m","input":[{"role":"system","content":[{"type":"input_image","image_url":"https://a"}]}]}`, "input[0].content: system content may only hold text"},
		{"function output without id", `{"model":"m","input":[{"type":"function_call_output","output":"x"}]}`, "input[0].call_id: Field required"},
		{"output of no name", `{"model":"m","input":[{"type":"function_call_output","call_id":"c","name":1,"output":"x"}]}`, "input[0].name"},
		{"output of no namespace", `{"model":"m","input":[{"type":"function_call_output","call_id":"c","namespace":1,"output":"x"}]}`, "input[0].namespace"},
		{"call without id", `{"model":"m","input":[{"type":"function_call","name":"f","arguments":"{}"}]}`, "input[0].call_id: Field required"},
		{"output without id", `{"model":"m","input":[{"type":"local_shell_call_output","output":"a"}]}`, "input[0].call_id: Input should be a valid string"},
		{"shell call without action", `{"model":"m","input":[{"type":"shell_call","call_id":"c"}]}`, "input[0].action: Input should be an object"},
		{"schema of another kind", `{"model":"m","input":"a","tools":[{"type":"function","name":"f","parameters":7}]}`, "tools[0].parameters: Input should be an object"},
		{"namespace in a namespace", `{"model":"m","input":"a","tools":[{"type":"namespace","name":"n","tools":[{"type":"namespace","name":"o","tools":[]}]}]}`, "tools[0].tools[0].type: a namespace"},
		{"unknown choice", `{"model":"m","input":"a","tool_choice":"maybe"}`, "tool_choice: Input should be"},
		{"unknown format", `{"model":"m","input":"a","text":{"format":{"type":"xml"}}}`, "text.format.type: Input should be"},
		{"negative limit", `{"model":"m","input":"a","max_output_tokens":-2}`, "max_output_tokens: Input should be a valid integer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New().Decode(dialect.Route{}, nil, []byte(tt.body))
			var known *conversation.Error
			if !errors.As(err, &known) || known.Kind != conversation.ErrInvalid || !strings.Contains(known.Message, tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// Counting tokens needs no input: instructions have some too.
func TestCountWithoutInput(t *testing.T) {
	for _, fields := range []string{``, `,"input":null`, `,"input":[]`, `,"input":[{"role":"user","content":null}]`} {
		body := []byte(`{"model":"m","instructions":"be brief"` + fields + `}`)
		req, err := New().Decode(dialect.Route{Operation: conversation.CountTokens}, nil, body)
		if err != nil || len(req.Messages) != 0 || len(req.System) != 1 {
			t.Errorf("%s: %+v, %v", fields, req, err)
		}
		if _, err := New().Decode(dialect.Route{}, nil, body); err == nil {
			t.Errorf("%s: was taken for a request of an answer", fields)
		}
	}
}

// Outputs name tools as calls do.
func TestOutputsOfNamespaces(t *testing.T) {
	for fields, want := range map[string]string{`"name":"f","namespace":"n"`: "n__f", `"name":"f"`: "f", `"namespace":"n"`: ""} {
		req, err := decode(`"input":[{"type":"function_call_output","call_id":"c","output":"x",` + fields + `}]`)
		if err != nil || len(req.Warnings) > 0 || req.Messages[0].Parts[0].Result.Name != want {
			t.Errorf("%s: %+v, %v, want %q", fields, req, err, want)
		}
	}
}

func TestThinking(t *testing.T) {
	level := func(l string) conversation.Thinking {
		return conversation.Thinking{Intent: conversation.ThinkLevel, Level: l, Visible: true, Carries: true}
	}
	tests := []struct {
		name, fields string
		want         conversation.Thinking
	}{
		{"unset", ``, conversation.Thinking{Visible: true, Carries: true}},
		{"null", `"reasoning":null`, conversation.Thinking{Visible: true, Carries: true}},
		{"summary alone", `"reasoning":{"summary":"auto"}`, conversation.Thinking{Visible: true, Carries: true}},
		{"none", `"reasoning":{"effort":"none"}`, conversation.Thinking{Intent: conversation.ThinkOff, Visible: true, Carries: true}},
		{"minimal", `"reasoning":{"effort":"minimal"}`, level("minimal")},
		{"xhigh", `"reasoning":{"effort":"xhigh","summary":"detailed"}`, level("xhigh")},
		{"yet unknown", `"reasoning":{"effort":"ultra"}`, level("high")},
		{"hidden", `"reasoning":{"effort":"low","summary":"none"}`, conversation.Thinking{Intent: conversation.ThinkLevel, Level: "low", Carries: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := decode(tt.fields)
			if err != nil {
				t.Fatal(err)
			}
			if req.Thinking != tt.want {
				t.Errorf("thinking = %+v, want %+v", req.Thinking, tt.want)
			}
		})
	}
}

func TestChoice(t *testing.T) {
	tests := []struct{ name, choice, want string }{
		{"auto", `"auto"`, "{1 []}"},
		{"none", `"none"`, "{2 []}"},
		{"required", `"required"`, "{3 []}"},
		{"function", `{"type":"function","name":"f"}`, "{4 [f]}"},
		{"function in a namespace", `{"type":"function","name":"f","namespace":"n"}`, "{4 [n__f]}"},
		{"custom", `{"type":"custom","name":"f"}`, "{4 [f]}"},
		{"typed", `{"type":"apply_patch"}`, "{4 [apply_patch]}"},
		{"allowed", `{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"},{"type":"web_search"},{"type":"shell"}]}`, "{5 [f shell]}"},
		{"allowed, offered under another name", `{"type":"allowed_tools","mode":"auto","tools":[{"type":"web_search"},{"type":"mcp"}]},"tools":[{"type":"mcp","server_label":"s"},{"type":"web_search_preview"}]`, "{5 [web_search_preview mcp]}"},
		{"allowed, required", `{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"}]}`, "{4 [f]}"},
		{"allowed without functions", `{"type":"allowed_tools","mode":"auto","tools":[{"type":"web_search"}]}`, "{2 []}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := decode(`"tool_choice":` + tt.choice)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(req.Choice); got != tt.want {
				t.Errorf("choice = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestHostedChoiceOfTheOnlyTool(t *testing.T) {
	req, err := decode(`"tool_choice":{"type":"web_search_preview"},"tools":[{"type":"web_search_preview"}]`)
	if err != nil || req.Choice.Mode != conversation.ChoiceUnset || len(req.Warnings) != 1 {
		t.Errorf("choice %v, warnings %v, error %v", req.Choice, req.Warnings, err)
	}
}

func TestSession(t *testing.T) {
	long := strings.Repeat("x", 300)
	tests := []struct {
		name, header, value, key, want string
	}{
		{"nothing", "", "", "", ""},
		{"key", "", "", "k", "k"},
		{"header before key", "session-id", "s", "k", "s"},
		{"older header", "session_id", "s", "", "s"},
		{"too long", "session-id", long, "k", "k"},
		{"all too long", "session-id", long, long, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := policies.Headers{{Name: tt.header, Value: tt.value}}
			req, err := New().Decode(dialect.Route{}, h, []byte(`{"model":"m","input":"a","prompt_cache_key":"`+tt.key+`"}`))
			if err != nil || req.Session != tt.want {
				t.Errorf("session %q, want %q; error %v", req.Session, tt.want, err)
			}
		})
	}
}

// A file is a reference if it looks like one; all else is base64.
func TestFiles(t *testing.T) {
	for _, c := range []struct{ fields, uri, data, mime, problem string }{
		{`"file_data":"AAAA"`, "", `"AAAA"`, "", ""},
		{`"file_data":"AAAA","filename":"a.txt"`, "", `"AAAA"`, "text/plain", ""},
		{`"file_data":"https://a/b.pdf"`, "https://a/b.pdf", "", "application/pdf", ""},
		{`"file_url":"https://a/b.pdf"`, "https://a/b.pdf", "", "application/pdf", ""},
		{`"file_url":"https://a/b.pdf","file_data":"AAAA"`, "", `"AAAA"`, "", ""},
		{`"file_url":"AAAA"`, "", `"AAAA"`, "", ""},
		{`"filename":"a"`, "", "", "", "input[0].content[0].file_data"},
	} {
		req, err := decode(`"input":[{"role":"user","content":[{"type":"input_file",` + c.fields + `}]}]`)
		var known *conversation.Error
		if errors.As(err, &known) {
			if known.Param != c.problem {
				t.Errorf("%s: %v about %s, want %q", c.fields, err, known.Param, c.problem)
			}
			continue
		}
		if m := req.Messages[0].Parts[0].Media; c.problem != "" || m.URI != c.uri || string(m.Data) != c.data || m.MIME != c.mime {
			t.Errorf("%s: %+v, want %+v", c.fields, m, c)
		}
	}
}
