package claude

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
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/test/fixture"
)

func TestRequests(t *testing.T) {
	for _, c := range fixture.Load(t, "testdata/request") {
		t.Run(c.Name, func(t *testing.T) {
			var headers policies.Headers
			if h := c.File("headers.json"); h != nil {
				if err := json.Unmarshal(h, &headers); err != nil {
					t.Fatalf("headers.json: %v", err)
				}
			}
			req, err := New().Decode(dialect.Route{}, headers, c.File("request.json"))
			fixture.Diff(t, c.Path("conversation.json"), c.File("conversation.json"), dialecttest.Dump(t, req, err))
		})
	}
}

// decode reads a request with the given fields besides model and messages.
func decode(t testing.TB, fields string) (*conversation.Request, error) {
	t.Helper()
	if fields != "" {
		fields = "," + fields
	}
	return New().Decode(dialect.Route{}, nil, []byte(`{"model":"m","messages":[{"role":"user","content":"hi"}]`+fields+`}`))
}

func TestThinking(t *testing.T) {
	tests := []struct {
		name, fields string
		want         conversation.Thinking
	}{
		{"absent", ``, conversation.Thinking{Intent: conversation.ThinkOff}},
		{"disabled", `"thinking":{"type":"disabled"},"output_config":{"effort":"high"}`, conversation.Thinking{Intent: conversation.ThinkOff}},
		{"absent with effort", `"output_config":{"effort":"low"}`, conversation.Thinking{Intent: conversation.ThinkLevel, Level: "low"}},
		{"enabled", `"thinking":{"type":"enabled","budget_tokens":31999}`, conversation.Thinking{Intent: conversation.ThinkBudget, Budget: 31999, Visible: true, Carries: true}},
		{"enabled, effort is outweighed", `"thinking":{"type":"enabled","budget_tokens":1024},"output_config":{"effort":"max"}`, conversation.Thinking{Intent: conversation.ThinkBudget, Budget: 1024, Visible: true, Carries: true}},
		{"enabled, omitted", `"thinking":{"type":"enabled","budget_tokens":1024,"display":"omitted"}`, conversation.Thinking{Intent: conversation.ThinkBudget, Budget: 1024, Carries: true}},
		{"adaptive", `"thinking":{"type":"adaptive","display":"summarized"}`, conversation.Thinking{Intent: conversation.ThinkAuto, Visible: true, Carries: true}},
		{"adaptive, omitted, effort", `"output_config":{"effort":"xhigh"},"thinking":{"type":"adaptive","display":"omitted"}`, conversation.Thinking{Intent: conversation.ThinkLevel, Level: "xhigh", Carries: true}},
		{"adaptive, display of tomorrow", `"thinking":{"type":"adaptive","display":"updates"}`, conversation.Thinking{Intent: conversation.ThinkAuto, Visible: true, Carries: true}},
		{"effort of tomorrow", `"output_config":{"effort":"ultra"}`, conversation.Thinking{Intent: conversation.ThinkLevel, Level: "high"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := decode(t, tt.fields)
			if err != nil {
				t.Fatal(err)
			}
			if req.Thinking != tt.want {
				t.Errorf("thinking = %+v, want %+v", req.Thinking, tt.want)
			}
		})
	}
}

// Messages for one turn of the user are gone when the user speaks again; the
// last turn's are not.
func TestPassingMessages(t *testing.T) {
	const passing = `{"role":"system","content":"p","clear_at":"next_user_message"}`
	req, err := New().Decode(dialect.Route{}, nil, []byte(`{"model":"m","messages":[{"role":"user","content":"a"},`+passing+`,`+
		`{"role":"system","content":"s","clear_at":"never"},`+passing+`,{"role":"assistant","content":"b"},{"role":"user","content":"c"},`+passing+`]}`))
	if err != nil || len(req.Warnings) > 0 {
		t.Fatal(req, err)
	}
	var got []string
	for _, m := range req.Messages {
		got = append(got, m.Parts[0].Text.String())
	}
	if want := "a s b c p"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// Wherever they stand, those messages go, and no others.
func TestPassingMessagesInAnyOrder(t *testing.T) {
	const kinds = "uap" // user, assistant, passing
	for pattern := range 3 * 3 * 3 * 3 * 3 * 3 * 3 {
		var body, want strings.Builder
		held := "" // since the user spoke last
		for i := range 7 {
			kind, name := kinds[pattern%3], string(rune('A'+i))
			pattern /= 3
			fmt.Fprintf(&body, `,{"role":%q,"content":%q%s}`, map[byte]string{'u': "user", 'a': "assistant", 'p': "system"}[kind], name,
				map[byte]string{'p': `,"clear_at":"next_user_message"`}[kind])
			if kind == 'u' {
				want.WriteString(strings.Map(func(r rune) rune {
					if r >= 'a' {
						return -1
					}
					return r
				}, held) + name)
				held = ""
				continue
			}
			if kind == 'p' {
				name = strings.ToLower(name)
			}
			held += name
		}
		req, err := New().Decode(dialect.Route{}, nil, []byte(`{"model":"m","messages":[`+body.String()[1:]+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, m := range req.Messages {
			got += m.Parts[0].Text.String()
		}
		if all := want.String() + strings.ToUpper(held); got != all {
			t.Fatalf("%s: got %s, want %s", body.String(), got, all)
		}
	}
}

func TestSession(t *testing.T) {
	tests := []struct{ name, header, user, want string }{
		{"header", "from-header", `{"session_id":"from-body"}`, "from-header"},
		{"claude code", "", `{"device_id":"d","account_uuid":"","session_id":"s1"}`, "s1"},
		{"older claude code", "", "user_abc_account_def_session_s2", "s2"},
		{"a person", "", "user-123", ""},
		{"broken json", "", `{"session_id":"s1"`, ""},
		{"json of something else", "", `{"session_id":[1]}`, ""},
		{"too long", "", `{"session_id":"` + strings.Repeat("x", 300) + `"}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			user, _ := json.Marshal(tt.user)
			body := fmt.Sprintf(`{"model":"m","messages":[],"metadata":{"user_id":%s}}`, user)
			headers := policies.Headers{{Name: "x-claude-code-session-id", Value: tt.header}}
			req, err := New().Decode(dialect.Route{}, headers, []byte(body))
			if err != nil {
				t.Fatal(err)
			}
			if req.Session != tt.want {
				t.Errorf("session = %q, want %q", req.Session, tt.want)
			}
		})
	}
}

func TestInvalid(t *testing.T) {
	tests := []struct{ name, body, param, message string }{
		{"nothing", ``, "", "ends too early"},
		{"cut", `{"model":"m","messages":[{"role":"us`, "", "ends too early"},
		{"two", `{"model":"m","messages":[]} {}`, "", "something follows"},
		{"no object", `[]`, "", "should be a JSON object"},
		{"no model", `{"messages":[]}`, "model", "model: Field required"},
		{"no messages", `{"model":"m"}`, "messages", "messages: Field required"},
		{"messages null", `{"model":"m","messages":null}`, "messages", "messages: Field required"},
		{"messages a string", `{"model":"m","messages":"hi"}`, "messages", "valid list"},
		{"message a string", `{"model":"m","messages":["hi"]}`, "messages.0", "should be an object"},
		{"no role", `{"model":"m","messages":[{"content":"hi"}]}`, "messages.0.role", "Field required"},
		{"role tool", `{"model":"m","messages":[{"role":"tool","content":"hi"}]}`, "messages.0.tool_call_id", "Field required"},
		{"no content", `{"model":"m","messages":[{"role":"user"}]}`, "messages.0.content", "Field required"},
		{"content a number", `{"model":"m","messages":[{"role":"user","content":1}]}`, "messages.0.content", "valid string"},
		{"block without type", `{"model":"m","messages":[{"role":"user","content":[{"text":"hi"}]}]}`, "messages.0.content.0.type", "Field required"},
		{"block of tomorrow", `{"model":"m","messages":[{"role":"user","content":[{"type":"smell","of":"roses"}]}]}`, "messages.0.content.0.type", "'smell'"},
		{"text a number", `{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":1}]}]}`, "messages.0.content.0.text", "valid string"},
		{"image without source", `{"model":"m","messages":[{"role":"user","content":[{"type":"image"}]}]}`, "messages.0.content.0.source", "Field required"},
		{"image of text", `{"model":"m","messages":[{"role":"user","content":[{"type":"image","source":{"type":"text","data":"x"}}]}]}`, "messages.0.content.0.source", "image source"},
		{"file", `{"model":"m","messages":[{"role":"user","content":[{"type":"document","source":{"type":"file","file_id":"f"}}]}]}`, "messages.0.content.0.source", "not supported"},
		{"system of images", `{"model":"m","messages":[],"system":[{"type":"image","source":{"type":"url","url":"x"}}]}`, "system", "only hold text"},
		{"residency", `{"model":"m","messages":[],"inference_geo":"eu"}`, "inference_geo", "not supported"},
		{"compaction", `{"model":"m","messages":[],"compaction":{"type":"now"}}`, "compaction", "not supported"},
		{"tool type a number", `{"model":"m","messages":[],"tools":[{"type":7}]}`, "tools.0.type", "valid string"},
		{"tool without name", `{"model":"m","messages":[],"tools":[{"input_schema":{}}]}`, "tools.0.name", "Field required"},
		{"max_tokens negative", `{"model":"m","messages":[],"max_tokens":-2}`, "max_tokens", "integer"},
		{"max_tokens half", `{"model":"m","messages":[],"max_tokens":1.5}`, "max_tokens", "integer"},
		{"max_tokens huge", `{"model":"m","messages":[],"max_tokens":1e300}`, "max_tokens", "integer"},
		{"temperature a string", `{"model":"m","messages":[],"temperature":"1"}`, "temperature", "valid number"},
		{"stop a string", `{"model":"m","messages":[],"stop_sequences":"x"}`, "stop_sequences", "valid list"},
		{"stop of numbers", `{"model":"m","messages":[],"stop_sequences":["x",1]}`, "stop_sequences.1", "valid string"},
		{"thinking of tomorrow", `{"model":"m","messages":[],"thinking":{"type":"dreaming"}}`, "thinking.type", "'adaptive'"},
		{"thinking without budget", `{"model":"m","messages":[],"thinking":{"type":"enabled"}}`, "thinking.budget_tokens", "Field required"},
		{"format without schema", `{"model":"m","messages":[],"output_config":{"format":{"type":"json_schema"}}}`, "output_config.format.schema", "Field required"},
		{"choice without name", `{"model":"m","messages":[],"tool_choice":{"type":"tool"}}`, "tool_choice.name", "Field required"},
		{"long model", `{"model":"` + strings.Repeat("m", 300) + `","messages":[]}`, "model", "at most"},
		{"many fields", `{"model":"m","messages":[{"role":"user","content":[{` + numbered(100) + `}]}]}`, "messages.0.content.0", "at most 64"},
		{"content in content", `{"model":"m","messages":[{"role":"user","content":` + nestedDocuments(9) + `}]}`, "messages.0" + strings.Repeat(".content.0.source", 5) + ".content", "too deeply"},
		{"endless nesting", `{"model":"m","messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"b","input":` + strings.Repeat("[", 20_000), "", "not valid JSON"},
		{"too many messages", `{"model":"m","messages":[` + strings.Repeat(`{"role":"user","content":"as short as it may be"},`, conversation.MaxMessages) + `{}]}`, "messages.20000", "at most"},
		{"too many tools", `{"model":"m","messages":[],"tools":[` + strings.Repeat(`{"name":"as_short_as_it_may_be"},`, conversation.MaxTools) + `{}]}`, "tools.4096", "at most"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New().Decode(dialect.Route{}, nil, []byte(tt.body))
			var known *conversation.Error
			if !errors.As(err, &known) {
				t.Fatalf("err = %v, want a *conversation.Error", err)
			}
			if known.Param != tt.param || !strings.Contains(known.Message, tt.message) {
				t.Errorf("err = %q about %q, want %q about %q", known.Message, known.Param, tt.message, tt.param)
			}
		})
	}
}

// numbered returns n fields of different names.
func numbered(n int) string {
	var fields []string
	for i := range n {
		fields = append(fields, fmt.Sprintf(`"f%d":1`, i))
	}
	return strings.Join(fields, ",")
}

// nestedDocuments returns content that holds itself depth times.
func nestedDocuments(depth int) string {
	const head, tail = `[{"type":"document","source":{"type":"content","content":`, `}}]`
	return strings.Repeat(head, depth) + `"x"` + strings.Repeat(tail, depth)
}

// What is passed on unread may nest deeply.
func TestDeepInput(t *testing.T) {
	input := strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000)
	body := `{"model":"m","messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"b","input":` + input + `}]}]}`
	req, err := New().Decode(dialect.Route{}, nil, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(req.Messages[0].Parts[0].Call.Args); got != input {
		t.Errorf("input changed: %.60s…", got)
	}
}

// The number of warnings is bounded, and it is known how many more there are.
func TestWarningsAreBounded(t *testing.T) {
	req, err := decode(t, numbered(conversation.MaxMessages))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(req.Warnings); n != jsonwalk.MaxWarnings || n+req.OmittedWarnings != conversation.MaxMessages {
		t.Errorf("%d warnings and %d more; want %d, and %d in all", n, req.OmittedWarnings, jsonwalk.MaxWarnings, conversation.MaxMessages)
	}
}

// Leaves must not be copies: that is what keeps large bodies cheap.
func TestLeavesAreSlicesOfTheBody(t *testing.T) {
	body := []byte(`{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"abc"}]}]}`)
	req, err := New().Decode(dialect.Route{}, nil, body)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(body), `"abc"`)
	if &req.Messages[0].Parts[0].Text[0] != &body[at] {
		t.Error("the text is a copy")
	}
}

func TestRouteNamesModel(t *testing.T) {
	req, err := New().Decode(dialect.Route{Model: "from-path", Stream: true}, nil, []byte(`{"messages":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	if req.Model != "from-path" || !req.Stream {
		t.Errorf("model %q, stream %v; want those of the route", req.Model, req.Stream)
	}
}
