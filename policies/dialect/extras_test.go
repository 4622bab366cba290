package dialect_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/chat"
	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/dialect/responses"
	"github.com/heald-proxy/heald/policies/gemini"
)

// extra is a tool that a client offers and that cannot be run here.
type extra struct{ tool, name string }

var extras = []struct {
	dialect  dialect.Dialect
	body     string // with %s for the tools and %s for further fields
	function string // a tool that can be called
	named    string // a choice of the tool named %s
	anyTool  string // a choice of any tool
	tools    []extra
}{
	{
		dialect: claude.New(), body: `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}],"tools":[%s]%s}`,
		function: `{"name":"f","input_schema":{"type":"object"}}`,
		named:    `,"tool_choice":{"type":"tool","name":%q}`, anyTool: `,"tool_choice":{"type":"any"}`,
		tools: []extra{
			{`{"type":"advisor_20260301","name":"advisor","model":"claude-opus-5-5"}`, "advisor"},
			{`{"type":"computer_20250124","name":"computer","display_width_px":1,"display_height_px":1}`, "computer"},
			{`{"type":"browser_toolset_20260801","name":"browser"}`, "browser"},
			{`{"type":"mcp_toolset","mcp_server_name":"s"}`, "mcp_toolset"},
			{`{"type":"foo_20270101","name":"foo"}`, "foo"},
			{`{"type":"image_generation"}`, "image_generation"},
		},
	},
	{
		dialect: chat.New(chat.Config{}), body: `{"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[%s]%s}`,
		function: `{"type":"function","function":{"name":"f"}}`,
		named:    `,"tool_choice":{"type":%q}`, anyTool: `,"tool_choice":"required"`,
		tools: []extra{
			{`{"type":"mcp","server_label":"s","server_url":"https://s.example"}`, "mcp"},
			{`{"type":"file_search","vector_store_ids":["v"]}`, "file_search"},
			{`{"type":"computer_use_preview"}`, "computer_use_preview"},
			{`{"type":"image_generation"}`, "image_generation"},
			{`{"type":"tool_of_tomorrow"}`, "tool_of_tomorrow"},
		},
	},
	{
		dialect: responses.New(), body: `{"model":"m","input":"hi","tools":[%s]%s}`,
		function: `{"type":"function","name":"f"}`,
		named:    `,"tool_choice":{"type":%q}`, anyTool: `,"tool_choice":"required"`,
		tools: []extra{
			{`{"type":"image_generation","size":"1024x1024"}`, "image_generation"},
			{`{"type":"file_search","vector_store_ids":["v"]}`, "file_search"},
			{`{"type":"mcp","server_label":"s","server_url":"https://s.example"}`, "mcp"},
			{`{"type":"computer_use_preview"}`, "computer_use_preview"},
			{`{"type":"shell","environment":{"type":"container_auto"}}`, "shell"},
			{`{"type":"tool_of_tomorrow"}`, "tool_of_tomorrow"},
		},
	},
}

// A tool that cannot be run here is left out with a warning, and refused only
// if the model is forced to use it.
func TestExtrasAreLeftOut(t *testing.T) {
	for _, c := range extras {
		for _, x := range c.tools {
			t.Run(c.dialect.Name()+"/"+x.name, func(t *testing.T) {
				send := func(tools, fields string) (body string, warnings []conversation.Warning, err error) {
					req, err := c.dialect.Decode(dialect.Route{}, nil, fmt.Appendf(nil, c.body, tools, fields))
					if err != nil {
						return "", nil, err
					}
					r, err := gemini.Render(req, gemini.Target{Model: "gemini-3.8-flash"}, gemini.Options{})
					if err != nil {
						return "", nil, err
					}
					return string(r.Body), req.Warnings, nil
				}
				goesOn := func(tools, fields, mode string) {
					t.Helper()
					body, warnings, err := send(tools, fields)
					if err != nil || strings.Contains(body, "functionDeclarations") != strings.Contains(tools, c.function) ||
						mode != "" && !strings.Contains(body, `"mode":"`+mode+`"`) || mode == "" && strings.Contains(body, "functionCallingConfig") {
						t.Fatalf("%s%s: %v\n%s", tools, fields, err, body)
					}
					if w := fmt.Sprint(warnings); !strings.Contains(w, "left out") || !strings.Contains(w, x.name) || !strings.Contains(w, "tools") {
						t.Errorf("%s: warnings %s", tools, w)
					}
				}
				refused := func(tools, fields string) {
					t.Helper()
					var known *conversation.Error
					if _, _, err := send(tools, fields); !errors.As(err, &known) || known.Param != "tool_choice" || known.Kind != conversation.ErrUnsupported {
						t.Errorf("%s%s: got %v, want an error about tool_choice", tools, fields, err)
					}
				}
				goesOn(x.tool, "", "")
				goesOn(x.tool+","+c.function, "", "")
				goesOn(c.function+","+x.tool, c.anyTool, "ANY")
				refused(x.tool, c.anyTool)
				if x.name != "shell" { // which is a function elsewhere
					refused(c.function+","+x.tool, fmt.Sprintf(c.named, x.name))
				}
			})
		}
	}
}

// A tool with a name and a schema can be called, whatever its type; the client
// gets a warning.
func TestTypedToolsWithASchemaAreFunctions(t *testing.T) {
	for i, tool := range []string{
		`{"type":"foo_20270101","name":"foo","input_schema":{"type":"object","properties":{"x":{"type":"string"}}}}`,
		`{"type":"plugin","function":{"name":"foo","parameters":{"type":"object","properties":{"x":{"type":"string"}}}}}`,
		`{"type":"plugin","name":"foo","parameters":{"type":"object","properties":{"x":{"type":"string"}}}}`,
	} {
		c := extras[i]
		req, err := c.dialect.Decode(dialect.Route{}, nil, fmt.Appendf(nil, c.body, tool, ""))
		if err != nil || len(req.Warnings) != 1 || len(req.Tools) != 1 || req.Tools[0].Kind != conversation.Function ||
			req.Tools[0].Name != "foo" || !strings.Contains(string(req.Tools[0].Schema), `"x"`) {
			t.Errorf("%s: %v, %+v", c.dialect.Name(), err, req)
		}
	}
}

// Every service's name for a search means the upstream's search; of its
// settings only the user's location has no equivalent.
func TestSearchByAnyName(t *testing.T) {
	for tool, warnings := range map[string]int{
		`{"type":"web_search"}`: 0,
		`{"type":"web_search_preview","search_context_size":"low"}`:                                                            0,
		`{"type":"web_search_preview","search_context_size":"low","user_location":{"type":"approximate","country":"DE"}}`:      1,
		`{"type":"web_search_20250305","name":"web_search","user_location":{"type":"approximate","city":"Rome"},"max_uses":1}`: 2,
	} {
		for _, c := range extras {
			req, err := c.dialect.Decode(dialect.Route{}, nil, fmt.Appendf(nil, c.body, tool, ""))
			if err != nil || len(req.Tools) != 1 || req.Tools[0].Kind != conversation.WebSearch || len(req.Warnings) != warnings {
				t.Errorf("%s: %s: %v, %+v", c.dialect.Name(), tool, err, req)
			}
		}
	}
}

// A choice says tools by their type on every path. Those that are not offered
// shorten a list; where none is left none may be called, or none can be.
func TestChoiceByType(t *testing.T) {
	const mcp, choice = `{"type":"mcp","server_label":"s"}`, `,"tool_choice":{"type":"allowed_tools","mode":%q,"tools":[%s]}`
	for _, c := range extras {
		for _, x := range []struct {
			tools, mode, allowed, want string // what goes upstream of the choice
			refused                    bool
		}{
			{c.function + "," + mcp, "auto", `{"type":"function","name":"f"},{"type":"mcp"}`, `{"mode":"VALIDATED","allowedFunctionNames":["f"]}`, false},
			{c.function + "," + mcp, "required", `{"type":"function","name":"f"},{"type":"mcp"}`, `{"mode":"ANY","allowedFunctionNames":["f"]}`, false},
			{c.function + "," + mcp, "auto", `{"type":"mcp"}`, `{"mode":"NONE"}`, false},
			{c.function, "auto", `{"type":"tool_of_tomorrow"}`, `{"mode":"NONE"}`, false},
			{c.function + "," + mcp, "required", `{"type":"mcp"}`, "", true},
			{c.function, "required", `{"type":"tool_of_tomorrow"}`, "", true},
		} {
			body := fmt.Appendf(nil, c.body, x.tools, fmt.Sprintf(choice, x.mode, x.allowed))
			req, err := c.dialect.Decode(dialect.Route{}, nil, body)
			var r *gemini.Rendered
			if err == nil {
				r, err = gemini.Render(req, gemini.Target{Model: "gemini-3.8-flash"}, gemini.Options{})
			}
			var known *conversation.Error
			switch {
			case x.refused && (!errors.As(err, &known) || known.Param != "tool_choice"):
				t.Errorf("%s: %s: got %v, want an error about tool_choice", c.dialect.Name(), body, err)
			case !x.refused && (err != nil || !strings.Contains(string(r.Body), `"functionCallingConfig":`+x.want)):
				t.Errorf("%s: %s: %v\n%s", c.dialect.Name(), body, err, r.Body)
			}
		}
	}
}

// Fields of the request that offer something are left out with a warning, too.
func TestOffersBesideTools(t *testing.T) {
	for _, field := range []string{
		`"mcp_servers":[{"type":"url","name":"s","url":"https://s.example"}]`,
		`"fallbacks":[{"model":"claude-sonnet-5"}]`, `"container":"c"`, `"container":{"skills":[{"type":"anthropic","skill_id":"pdf"}]}`,
	} {
		req, err := claude.New().Decode(dialect.Route{}, nil, fmt.Appendf(nil, extras[0].body, "", ","+field))
		if err != nil || len(req.Warnings) != 1 || !strings.Contains(field, req.Warnings[0].Field) {
			t.Errorf("%s: %v, %+v", field, err, req)
		}
	}
	if req, err := claude.New().Decode(dialect.Route{}, nil, fmt.Appendf(nil, extras[0].body, "", `,"inference_geo":"global"`)); err != nil || len(req.Warnings) > 0 {
		t.Errorf("no residency is asked for: %v", err)
	}
}

// Calls of tools that cannot be called here never fail the conversation; what
// the model can read is kept.
func TestHistoryOfExtras(t *testing.T) {
	messages := func(blocks string) string {
		return `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[` + blocks + `]},{"role":"user","content":"go on"}]}`
	}
	input := func(items string) string {
		return `{"model":"m","input":[{"role":"user","content":"hi"},` + items + `,{"role":"user","content":"go on"}]}`
	}
	anthropic, openai := claude.New(), responses.New()
	for _, c := range []struct {
		name    string
		dialect dialect.Dialect
		body    string
		want    string // in what goes upstream
		warned  bool
	}{
		{"advisor", anthropic, messages(`{"type":"server_tool_use","id":"a","name":"advisor","input":{"q":"ask"}},{"type":"advisor_tool_result","tool_use_id":"a","content":{"type":"advisor_result","text":"told"}}`), "told", false},
		{"server tool of tomorrow", anthropic, messages(`{"type":"server_tool_use","id":"a","name":"foo","input":{"q":"ask"}},{"type":"foo_tool_result","tool_use_id":"a","content":[{"type":"foo_result","text":"told"}]}`), "told", false},
		{"call of tomorrow", anthropic, messages(`{"type":"foo_tool_use","id":"a","name":"foo","input":{"q":"ask"}}`), "ask", false},
		{"MCP", anthropic, messages(`{"type":"mcp_tool_use","id":"a","name":"n","server_name":"s","input":{}},{"type":"mcp_tool_result","tool_use_id":"a","content":[{"type":"text","text":"told"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]}`), "[image/png]", false},
		{"MCP, what is not known", anthropic, messages(`{"type":"mcp_tool_result","tool_use_id":"a","content":[{"type":"text","text":"a"},{"type":"resource","resource":{"text":"told"}}]}`), "told", false},
		{"web page of tomorrow", anthropic, messages(`{"type":"web_fetch_tool_result","tool_use_id":"a","content":{"type":"web_fetch_result","url":"u","content":{"type":"page","html":"told"}}}`), "told", false},
		{"MCP without content", anthropic, messages(`{"type":"mcp_tool_result","tool_use_id":"a"}`), "[mcp_tool_result]", false},
		{"advisor on the path of Chat", chat.New(chat.Config{}), messages(`{"type":"advisor_tool_result","tool_use_id":"a","content":{"text":"told"}}`), "told", false},
		{"call of tomorrow on the path of Responses", openai, input(`{"type":"foo_tool_use","id":"a","name":"foo","input":{"q":"ask"}}`), "ask", false},
		{"container upload", anthropic, messages(`{"type":"text","text":"b"},{"type":"container_upload","file_id":"f"}`), "[container_upload]", true},
		{"browser state", anthropic, messages(`{"type":"text","text":"b"},{"type":"browser_state","tabs":[{"url":"https://a.example"}]}`), "https://a.example", false},
		{"computer", openai, input(`{"type":"computer_call","id":"cu_1","call_id":"c","action":{"type":"click","x":7},"pending_safety_checks":[],"status":"completed"},{"type":"computer_call_output","call_id":"c","output":{"type":"computer_screenshot","image_url":"data:image/png;base64,AAAA"}}`), `"inlineData"`, false},
		{"computer, its call", openai, input(`{"type":"computer_call","id":"cu_1","call_id":"c","actions":[{"type":"click","x":7}],"status":"completed"}`), "click", false},
		{"computer, an uploaded image", openai, input(`{"type":"computer_call_output","call_id":"c","output":{"type":"computer_screenshot","file_id":"f"}}`), "[a screenshot]", true},
		{"tool of tomorrow", openai, input(`{"type":"foo_call","id":"f_1","name":"foo","arguments":"{\"q\":1}","output":"told"}`), "told", false},
		{"tool of tomorrow, another field", openai, input(`{"type":"foo_call","id":"f_1","name":"foo","arguments":"told","novel":"x"}`), "told", true},
		{"output of tomorrow", openai, input(`{"type":"foo_call_output","call_id":"c","output":[{"type":"input_text","text":"told"}]}`), "told", false},
		{"output of tomorrow, of parts of tomorrow", openai, input(`{"type":"foo_call_output","call_id":"c","output":[{"type":"foo_part","x":"told"}]}`), "told", false},
		{"output of tomorrow, as JSON", openai, input(`{"type":"foo_call_output","call_id":"c","output":{"x":"told"}}`), "told", false},
		{"sound", chat.New(chat.Config{}), `{"model":"m","messages":[{"role":"user","content":"hi"},{"role":"assistant","audio":{"id":"a"}},{"role":"user","content":"go on"}]}`, "[a spoken answer]", true},
		{"sound and its words", chat.New(chat.Config{}), `{"model":"m","messages":[{"role":"user","content":"hi"},{"role":"assistant","audio":{"id":"a","transcript":"told"}},{"role":"user","content":"go on"}]}`, "told", false},
		{"sound and its words on the path of Responses", openai, input(`{"role":"assistant","audio":{"id":"a","transcript":"told"}}`), "told", false},
		{"sound on the path of Anthropic", anthropic, `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,"audio":{"id":"a"}},{"role":"user","content":"go on"}]}`, "[a spoken answer]", true},
		{"sound and its words on the path of Anthropic", anthropic, `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"},{"role":"assistant","audio":{"transcript":"told"}},{"role":"user","content":"go on"}]}`, "told", false},
		{"screenshot on the path of Chat", chat.New(chat.Config{}), messages(`{"type":"text","text":"b"}],"tool_calls":[{"id":"t","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"t","content":[{"type":"computer_screenshot","file_id":"f"}`), "[a screenshot]", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := c.dialect.Decode(dialect.Route{}, nil, []byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			r, err := gemini.Render(req, gemini.Target{Model: "gemini-3.5-flash"}, gemini.Options{})
			if err != nil || !strings.Contains(string(r.Body), c.want) {
				t.Fatalf("%v, want %s in %s", err, c.want, r.Body)
			}
			if len(req.Warnings) > 0 != c.warned {
				t.Errorf("warnings %v", req.Warnings)
			}
		})
	}
}
