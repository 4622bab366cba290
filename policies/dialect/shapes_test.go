package dialect_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/chat"
	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
	"github.com/heald-proxy/heald/policies/dialect/responses"
)

// The same request in the form of each API.
const (
	shapeSchema = `{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}`
	pngData     = "iVBORw0KGgo="
)

// paths are the APIs, each with the field of its conversation.
var paths = []struct {
	dialect  dialect.Dialect
	messages string
}{
	{claude.New(), "messages"}, {chat.New(chat.Config{}), "messages"}, {responses.New(), "input"},
}

// understood is what is left of a request: its conversation, tools, choice and
// format. The dialects differ in where turns begin, so parts of one role that
// follow each other count as one message.
func understood(t *testing.T, d dialect.Dialect, body string) string {
	t.Helper()
	req, err := d.Decode(dialect.Route{}, nil, []byte(body))
	if err != nil {
		t.Fatalf("%s: %s: %v", d.Name(), body, err)
	}
	if len(req.Warnings) > 0 {
		t.Errorf("%s: %s: warnings %v", d.Name(), body, req.Warnings)
	}
	same := &conversation.Request{System: req.System, Tools: req.Tools, Choice: req.Choice, Format: req.Format, OneCall: req.OneCall}
	same.Limits.MaxTokens, same.Limits.Stop = req.Limits.MaxTokens, req.Limits.Stop
	for _, m := range req.Messages {
		if n := len(same.Messages); n > 0 && same.Messages[n-1].Role == m.Role {
			same.Messages[n-1].Parts = append(same.Messages[n-1].Parts, m.Parts...)
			continue
		}
		same.Messages = append(same.Messages, m)
	}
	var out any
	if err := json.Unmarshal(dialecttest.Dump(t, same, nil), &out); err != nil {
		t.Fatal(err)
	}
	lines, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(lines)
}

// On each path the fields of every API mean the same.
func TestWordsOfOtherAPIs(t *testing.T) {
	for _, c := range []struct {
		name   string
		fields []string // after the model; MESSAGES is the field of the path's conversation
	}{
		{"tools", hello(
			`"tools":[{"name":"f","description":"d","input_schema":SCHEMA}]`,
			`"tools":[{"type":"custom","name":"f","description":"d","input_schema":SCHEMA}]`,
			`"tools":[{"name":"f","description":"d","parameters":SCHEMA}]`,
			`"tools":[{"type":"function","name":"f","description":"d","parameters":SCHEMA}]`,
			`"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":SCHEMA}}]`,
			`"tools":[{"function":{"name":"f","description":"d","parameters":SCHEMA}}]`,
			`"tools":[{"type":"function","function":{"name":"f","description":"d","input_schema":SCHEMA}}]`,
			`"tools":[{"type":"custom","custom":{"name":"f","description":"d","input_schema":SCHEMA}}]`,
			`"tools":[{"name":"f","description":"d","inputSchema":SCHEMA}]`,
			`"tools":[{"name":"f","description":"d","parameters":SCHEMA,"input_schema":SCHEMA}]`,
			`"tools":[{"functionDeclarations":[{"name":"f","description":"d","parameters":SCHEMA}]}]`,
			`"tools":[{"function_declarations":[{"name":"f","description":"d","parametersJsonSchema":SCHEMA}]}]`,
		)},
		{"functions", hello(
			`"parallel_tool_calls":false,"tools":[],"functions":[{"name":"f","parameters":SCHEMA}]`,
			`"parallel_tool_calls":false,"tools":[],"functions":[{"name":"f","input_schema":SCHEMA}]`,
		)},
		{"freeform tools", hello(
			`"tools":[{"type":"custom","name":"f","description":"d","format":{"type":"grammar","syntax":"lark","definition":"start: x"}}]`,
			`"tools":[{"type":"custom","custom":{"name":"f","description":"d","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"start: x"}}}}]`,
		)},
		{"choice of a tool", hello(
			`"tools":[{"name":"f"}],"tool_choice":{"type":"tool","name":"f"}`,
			`"tools":[{"name":"f"}],"tool_choice":{"type":"function","name":"f"}`,
			`"tools":[{"name":"f"}],"tool_choice":{"type":"function","function":{"name":"f"}}`,
			`"tools":[{"name":"f"}],"tool_choice":{"type":"custom","custom":{"name":"f"}}`,
		)},
		{"choice of any tool", hello(
			`"tools":[{"name":"f"}],"tool_choice":{"type":"any"}`,
			`"tools":[{"name":"f"}],"tool_choice":{"type":"required"}`,
			`"tools":[{"name":"f"}],"tool_choice":"required"`, `"tools":[{"name":"f"}],"tool_choice":"any"`,
		)},
		{"choice of no tool", hello(`"tools":[{"name":"f"}],"tool_choice":{"type":"none"}`, `"tools":[{"name":"f"}],"tool_choice":"none"`)},
		{"free choice of one call", hello(
			`"tools":[{"name":"f"}],"tool_choice":{"type":"auto","disable_parallel_tool_use":true}`,
			`"tools":[{"name":"f"}],"tool_choice":"auto","parallel_tool_calls":false`,
			`"tools":[{"name":"f"}],"parallel_tool_calls":false,"tool_choice":{"type":"auto"}`,
		)},
		{"choice among tools", hello(
			`"tools":[{"name":"f"}],"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"}]}`,
			`"tools":[{"name":"f"}],"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}}]}}`,
		)},
		{"format", hello(
			`"response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":SCHEMA}}`,
			`"response_format":{"type":"json_schema","json_schema":SCHEMA}`,
			`"response_format":{"type":"json_object","schema":SCHEMA}`,
			`"response_format":{"type":"json_object","response_schema":SCHEMA}`,
			`"output_format":{"type":"json_schema","schema":SCHEMA}`,
			`"output_config":{"format":{"type":"json_schema","schema":SCHEMA}}`,
			`"output_config":{"format":{"type":"json_object","schema":SCHEMA}}`,
		)},
		{"format of any JSON", hello(`"response_format":{"type":"json_object"}`, `"response_format":"json_object"`, `"output_format":{"type":"json_object"}`)},
		{"stop sequences", hello(`"stop":["x",""]`, `"stop":"x"`, `"stop":["x"]`, `"stop_sequences":["x"]`)},
		{"output limit", hello(`"max_tokens":7`, `"max_completion_tokens":7`)},
		{"text", talk(
			`{"role":"user","content":"a"}`,
			`{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]}`,
			`{"role":"user","content":[{"type":"input_text","text":"a"}]}`,
		)},
		{"system message", talk(
			`{"role":"system","content":"s"},{"role":"user","content":"a"}`,
			`{"role":"developer","content":[{"type":"text","text":"s"}]},{"role":"user","content":"a"}`,
			`{"role":"system","content":[{"type":"input_text","text":"s"}]},{"role":"user","content":"a"}`,
		)},
		{"image", talk(
			`{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"DATA"}}]}`,
			`{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,DATA"}}]}`,
			`{"role":"user","content":[{"type":"image_url","image_url":"data:image/png;base64,DATA"}]}`,
			`{"role":"user","content":[{"type":"image","data":"DATA","mimeType":"image/png"}]}`,
			`{"role":"user","content":[{"type":"image","image_url":{"url":"data:image/png;base64,DATA"}}]}`,
			`{"role":"user","content":[{"type":"image","image":"data:image/png;base64,DATA"}]}`,
			`{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,DATA"}]}`,
			`{"role":"user","content":[{"type":"input_image","image_url":{"url":"data:image/png;base64,DATA"}}]}`,
		)},
		{"image by address", talk(
			`{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://a/b.png"}}]}`,
			`{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a/b.png"}}]}`,
			`{"role":"user","content":[{"type":"input_image","image_url":"https://a/b.png"}]}`,
		)},
		{"document", talk(
			`{"role":"user","content":[{"type":"document","title":"a.pdf","source":{"type":"base64","media_type":"application/pdf","data":"DATA"}}]}`,
			`{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,DATA"}}]}`,
			`{"role":"user","content":[{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,DATA"}]}`,
			`{"role":"user","content":[{"type":"file","filename":"a.pdf","file_data":"DATA"}]}`,
		)},
		{"sound", talk(`{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"DATA","format":"wav"}}]}`)},
		{"call and result", talk(
			`{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"text","text":"b"},{"type":"tool_use","id":"t","name":"f","input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"r"}]}`,
			`{"role":"user","content":"q"},{"role":"assistant","content":"b","tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},{"role":"tool","tool_call_id":"t","content":"r"}`,
			`{"role":"user","content":"q"},{"tool_calls":[{"id":"t","type":"function","name":"f","arguments":"{\"a\":1}"}],"content":[{"type":"text","text":"b"}],"role":"assistant"},{"content":[{"type":"text","text":"r"}],"tool_call_id":"t","role":"tool"}`,
			`{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"output_text","text":"b"},{"type":"tool_use","id":"t","name":"f","input":{"a":1}}]},{"role":"tool","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"r"}]}]}`,
		)},
		{"call alone", talk(
			`{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]}`,
			`{"role":"user","content":"q"},{"role":"assistant","content":"","tool_calls":[{"id":"t","function":{"name":"f","arguments":"{}"}}]}`,
			`{"role":"user","content":"q"},{"role":"assistant","content":null,"tool_calls":[{"id":"t","function":{"name":"f","arguments":"{}"}}]}`,
			`{"role":"user","content":"q"},{"role":"assistant","tool_calls":[{"id":"t","function":{"name":"f","arguments":"{}"}}],"content":[{"type":"tool_use","id":"t","name":"f","input":{}}]}`,
		)},
		{"image in a result", talk(
			`{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"DATA"}}]}]}`,
			`{"role":"assistant","tool_calls":[{"id":"t","function":{"name":"f","arguments":"{}"}}],"content":""},{"role":"tool","tool_call_id":"t","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,DATA"}}]}`,
			`{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"input_image","image_url":"data:image/png;base64,DATA"}]}]}`,
		)},
		{"thought", talk(
			`{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"thinking","thinking":"h","signature":"gs1.x"},{"type":"text","text":"b"}]},{"role":"user","content":"c"}`,
		)},
	} {
		t.Run(c.name, func(t *testing.T) {
			fill := strings.NewReplacer("SCHEMA", shapeSchema, "DATA", pngData)
			want := ""
			for _, p := range paths {
				for _, fields := range c.fields {
					body := `{"model":"m",` + strings.ReplaceAll(fill.Replace(fields), "MESSAGES", p.messages) + `}`
					got := understood(t, p.dialect, body)
					if want == "" {
						want = got
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s: %s\n%s", p.dialect.Name(), body, diff)
					}
				}
			}
		})
	}
}

// hello are requests with the given fields and a short conversation.
func hello(fields ...string) []string {
	for i, f := range fields {
		fields[i] = `"MESSAGES":[{"role":"user","content":"a"}],` + f
	}
	return fields
}

// talk are requests with the given messages.
func talk(messages ...string) []string {
	for i, m := range messages {
		messages[i] = `"MESSAGES":[` + m + `]`
	}
	return messages
}

// Bodies of Responses on the path of Chat Completions, and the other way round.
func TestBodiesOfOtherAPIs(t *testing.T) {
	const call, output = `{"type":"function_call","call_id":"t","name":"f","arguments":"{\"a\":1}"}`, `{"type":"function_call_output","call_id":"t","output":"r"}`
	fill := strings.NewReplacer("SCHEMA", shapeSchema)
	body := fill.Replace(`{"model":"m","instructions":"s","max_output_tokens":9,"tools":[{"type":"function","name":"f","parameters":SCHEMA}],"tool_choice":"auto",` +
		`"text":{"format":{"type":"json_schema","name":"n","schema":SCHEMA}},"reasoning":{"effort":"low"},"store":false,"include":["reasoning.encrypted_content"],` +
		`"input":[{"role":"user","content":[{"type":"input_text","text":"a"}]},` + call + `,` + output + `,{"type":"message","role":"assistant","content":[{"type":"output_text","text":"b"}]},{"role":"user","content":"c"}]}`)
	chatBody := fill.Replace(`{"model":"m","max_tokens":9,"tools":[{"type":"function","function":{"name":"f","parameters":SCHEMA}}],"tool_choice":"auto",` +
		`"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":SCHEMA}},` +
		`"messages":[{"role":"system","content":"s"},{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},{"role":"tool","tool_call_id":"t","content":"r"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]}`)
	anthropic := fill.Replace(`{"model":"m","max_tokens":9,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"tools":[{"name":"f","input_schema":SCHEMA}],"tool_choice":{"type":"auto"},` +
		`"output_format":{"type":"json_schema","schema":SCHEMA},` +
		`"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"r"}]},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]}`)
	want := understood(t, chat.New(chat.Config{}), chatBody)
	for name, got := range map[string]string{
		"Responses on the path of Chat":      understood(t, chat.New(chat.Config{}), body),
		"Anthropic on the path of Chat":      understood(t, chat.New(chat.Config{}), anthropic),
		"Responses":                          understood(t, responses.New(), body),
		"Chat on the path of Responses":      understood(t, responses.New(), chatBody),
		"Anthropic on the path of Responses": understood(t, responses.New(), anthropic),
		"Chat on the path of Anthropic":      understood(t, claude.New(), chatBody),
	} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	plain := understood(t, chat.New(chat.Config{}), `{"model":"m","input":"hi"}`)
	if diff := cmp.Diff(understood(t, chat.New(chat.Config{}), `{"model":"m","messages":[{"role":"user","content":"hi"}]}`), plain); diff != "" {
		t.Error(diff)
	}
}

// Items of Responses among the messages of Chat Completions.
func TestItemsAmongMessages(t *testing.T) {
	d := chat.New(chat.Config{})
	got := understood(t, d, `{"model":"m","messages":[{"role":"user","content":"a"},{"type":"message","role":"assistant","content":"b"},`+
		`{"type":"function_call","call_id":"t","name":"f","arguments":"{}"}, {"arguments":"{}","type":"function_call","call_id":"u","name":"f"},`+
		`{"type":"function_call_output","call_id":"t","output":"r"},{"type":"function_call_output","call_id":"u","output":"s"}]}`)
	want := understood(t, d, `{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","tool_calls":[`+
		`{"id":"t","function":{"name":"f","arguments":"{}"}},{"id":"u","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"t","content":"r"},{"role":"tool","tool_call_id":"u","content":"s"}]}`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Parts and blocks among the items of Responses are what the user, the model
// or a tool said.
func TestPartsAmongItems(t *testing.T) {
	got := understood(t, responses.New(), `{"model":"m","input":[{"type":"input_text","text":"a"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}},`+
		`{"type":"tool_use","id":"t","name":"f","input":{}},{"type":"tool_result","tool_use_id":"t","content":"r"},{"type":"output_text","text":"b"},{"type":"text","text":"c"}]}`)
	want := understood(t, responses.New(), `{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgo="}]},`+
		`{"type":"function_call","call_id":"t","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"t","output":"r"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]}`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Whatever form a client uses, the reply is that of the path, whole or as a
// stream.
func TestReplyIsOfThePath(t *testing.T) {
	bodies := []string{
		`{"model":"m","messages":[{"role":"user","content":"a"}],"tools":[{"name":"f","input_schema":{}},{"type":"custom","name":"g","format":{"type":"text"}}]}`,
		`{"model":"m","input":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f"}},{"type":"custom","custom":{"name":"g"}}]}`,
	}
	events := []conversation.Event{
		{Kind: conversation.EventStart, ID: "r", Model: "m"},
		{Kind: conversation.EventCallStart, Name: "f"}, {Kind: conversation.EventCallArgs, Args: conversation.Raw(`{"a":1}`)}, {Kind: conversation.EventCallEnd},
		{Kind: conversation.EventCallStart, Name: "g"}, {Kind: conversation.EventCallArgs, Args: conversation.Raw(`{"input":"x"}`)}, {Kind: conversation.EventCallEnd},
		{Kind: conversation.EventFinish, Finish: conversation.FinishStop},
	}
	for _, c := range []struct {
		dialect dialect.Dialect
		bodies  []string
		want    []string // in replies: of the function's call, of the freeform tool's
	}{
		{claude.New(), bodies[:1], []string{`"type":"tool_use"`, `"name":"g"`}},
		{chat.New(chat.Config{}), bodies, []string{`"function":{"name":"f"`, `"custom":{"name":"g"`}},
		{responses.New(), bodies, []string{`"type":"function_call"`, `"type":"custom_tool_call"`}},
	} {
		for _, body := range c.bodies {
			for _, stream := range []bool{false, true} {
				req, err := c.dialect.Decode(dialect.Route{Stream: stream}, nil, []byte(body))
				if err != nil {
					t.Fatalf("%s: %s: %v", c.dialect.Name(), body, err)
				}
				var reply []byte
				enc := c.dialect.Encoder(req)
				for _, ev := range events {
					reply = enc.Encode(reply, ev)
				}
				for _, want := range c.want {
					if !strings.Contains(string(reply), want) {
						t.Errorf("%s, stream %v: %s: no %s in %s", c.dialect.Name(), stream, body, want, reply)
					}
				}
			}
		}
	}
}
