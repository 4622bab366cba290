package dialect_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/chat"
	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/dialect/responses"
	"github.com/heald-proxy/heald/policies/gemini"
)

// Whatever finds a fault names it as the client wrote it: the renderer, which
// knows the neutral conversation alone, like the decoders.
func TestFaultsAreNamedAsTheClientWroteThem(t *testing.T) {
	const image = `{"type":"image","source":{"type":"url","url":"gs://b/o"}}`
	for _, c := range []struct {
		name    string
		dialect dialect.Dialect
		body    string // without the model
		field   string // of the error, or of the only warning
	}{
		{"claude, block", claude.New(), `"messages":[{"role":"user","content":"a"},{"role":"user","content":[{"type":"text","text":"b"},` + image + `]}]`, "messages.1.content.1"},
		{"claude, in a result", claude.New(), `"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[` + image + `]}]}]`, "messages.1.content.0"},
		{"claude, after a message that says nothing", claude.New(), `"messages":[{"role":"user","content":[]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"x"}]}]`, "messages.1.content.0"},
		{"claude, tool", claude.New(), `"messages":[{"role":"user","content":"a"}],"tools":[{"name":"f","input_schema":{}},{"name":"f","input_schema":{"type":"object","properties":{"a":{}}}}]`, "tools.1"},
		{"claude, nothing", claude.New(), `"messages":[]`, "messages"},
		{"chat, part", chat.New(chat.Config{}), `"messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"gs://b/o"}}]}]`, "messages[1].content[1]"},
		{"chat, in a result", chat.New(chat.Config{}), `"messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"t","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"t","content":[{"type":"image_url","image_url":{"url":"gs://b/o"}}]}]`, "messages[2].content[0]"},
		{"chat, orphan", chat.New(chat.Config{}), `"messages":[{"role":"user","content":"a"},{"role":"tool","tool_call_id":"t","content":"b"}]`, "messages[1]"},
		{"chat, call", chat.New(chat.Config{}), `"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","tool_calls":[{"id":"t","function":{"name":"f","arguments":"{}"}},{"id":"u","function":{"name":"f","arguments":"[1]"}}]}]`, "messages[1].tool_calls[1]"},
		{"chat, function", chat.New(chat.Config{}), `"messages":[{"role":"user","content":"a"}],"functions":[{"name":"f"},{"name":"f","description":"other"}]`, "functions[1]"},
		{"chat, stops", chat.New(chat.Config{}), `"messages":[{"role":"user","content":"a"}],"stop":"` + strings.Repeat("x", 17<<10) + `"`, "stop"},
		{"chat, penalty", chat.New(chat.Config{}), `"messages":[{"role":"user","content":"a"}],"frequency_penalty":1`, "frequency_penalty"},
		{"responses, part", responses.New(), `"instructions":"s","input":[{"type":"reasoning","summary":[]},{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image","image_url":"gs://b/o"}]}]`, "input[1].content[1]"},
		{"responses, in an output", responses.New(), `"input":[{"role":"user","content":"a"},{"type":"function_call","call_id":"t","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"t","output":[{"type":"input_image","image_url":"gs://b/o"}]}]`, "input[2].output[0]"},
		{"responses, orphan", responses.New(), `"input":[{"role":"user","content":"a"},{"type":"function_call_output","call_id":"t","output":"x"}]`, "input[1]"},
		{"responses, call", responses.New(), `"input":[{"role":"user","content":"a"},{"type":"function_call","call_id":"t","name":"f","arguments":"[1]"}]`, "input[1]"},
		{"responses, schema", responses.New(), `"input":"a","text":{"format":{"type":"json_schema","name":"x","schema":{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}}}`, "text.format.schema"},
		{"responses, tool in a namespace", responses.New(), `"input":"a","tools":[{"type":"namespace","name":"n","tools":[{"type":"function","name":"f"},{"type":"function","name":"f","description":"other"}]}]`, "tools[0].tools[1]"},
		{"responses, tool that comes later", responses.New(), `"input":[{"role":"user","content":"a"},{"type":"additional_tools","tools":[{"type":"function","name":"f","description":"other"}]}],"tools":[{"type":"function","name":"f"}]`, "input[1].tools[0]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := c.dialect.Decode(dialect.Route{}, nil, []byte(`{"model":"m",`+c.body+`}`))
			if err != nil {
				t.Fatal(err)
			}
			_, err = gemini.Render(req, gemini.Target{Model: "gemini-3.5-flash"}, gemini.Options{})
			var known *conversation.Error
			switch {
			case errors.As(err, &known):
				if known.Param != c.field {
					t.Errorf("error %v about %q, want %q", known, known.Param, c.field)
				}
			case len(req.Warnings) != 1 || req.Warnings[0].Field != c.field:
				t.Errorf("warnings %v, want one about %q", req.Warnings, c.field)
			}
		})
	}
}

// A tool that comes again with each search for tools is no fault; one that
// says something else is.
func TestToolsThatComeAgain(t *testing.T) {
	const f = `{"type":"function","name":"f","description":"d","parameters":{"type":"object","properties":{"a":{"type":"string"}}}}`
	// The same, but for what compiling takes away.
	const same = `{"type":"function","name":"f","description":"\u0064","parameters":{"$schema":"x","type":"object","properties":{"a":{"type":"string"}}}}`
	const other = `{"type":"function","name":"f","description":"d","parameters":{"type":"object","properties":{"b":{"type":"string"}}}}`
	for again, warnings := range map[string]int{f: 0, same: 0, other: 1} {
		body := `{"model":"m","tools":[` + f + `],"input":[{"role":"user","content":"a"},{"type":"additional_tools","tools":[` + f + `]},` +
			`{"type":"tool_search_call","call_id":"c","execution":"client","arguments":{}},{"type":"tool_search_output","call_id":"c","execution":"client","tools":[` + again + `]},` +
			`{"role":"user","content":"b"}]}`
		req, err := responses.New().Decode(dialect.Route{}, nil, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := gemini.Render(req, gemini.Target{Model: "gemini-3.5-flash"}, gemini.Options{}); err != nil || len(req.Warnings) != warnings {
			t.Errorf("%s: warnings %v, error %v, want %d warnings", again, req.Warnings, err, warnings)
		}
	}
}
