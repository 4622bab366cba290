package exchange

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/route"
)

var (
	thoughtSig = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("of the thought ", 9)))
	callSig    = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("of the call ", 9)))
	// foreignSig looks as those of another vendor do.
	foreignSig = "EqQBCgIYAhIM" + strings.Repeat("A", 100)
)

// thinkingReply thinks, signed, and then calls, signed.
var thinkingReply = `data: {"candidates": [{"content": {"parts": [{"text": "let me see","thought": true,"thoughtSignature": "` + thoughtSig + `"}],"role": "model"}}]}` + "\r\n\r\n" +
	`data: {"candidates": [{"content": {"parts": [{"functionCall": {"name": "ls","args": {"dir": "a"},"id": "c1"},"thoughtSignature": "` + callSig + `"}],"role": "model"},"finishReason": "STOP"}]}` + "\r\n\r\n"

// remembers is how a dialect brings an answer back with the history.
type remembers struct {
	path  string
	first string
	// history is what comes back in the next turn, after the tool ran and the
	// user said something more; $reply stands for what answered first.
	reply   func(t *testing.T, body []byte) string
	history string
	// foreign is reasoning of another vendor in this dialect, in the place of
	// $reply, with a call.
	foreign string
}

const tellTool = `{"role":"user","content":"hi"}`

var rememberers = map[string]remembers{
	"claude": {
		path:  "/v1/messages",
		first: `{"model":"gemini-3.5-flash","max_tokens":9000,"thinking":{"type":"adaptive","display":"summarized"},"tools":[{"name":"ls","input_schema":{"type":"object"}}],"messages":[` + tellTool + `]}`,
		reply: func(t *testing.T, body []byte) string {
			var m struct{ Content json.RawMessage }
			decodeTo(t, body, &m)
			return `{"role":"assistant","content":` + string(m.Content) + `},{"role":"user","content":[{"type":"tool_result","tool_use_id":"` + idIn(t, m.Content) + `","content":"x"}]}`
		},
		history: `,$reply,{"role":"assistant","content":"done"},{"role":"user","content":"and?"}]}`,
		foreign: `{"role":"assistant","content":[{"type":"thinking","thinking":"foreign thought","signature":"` + foreignSig + `"},{"type":"redacted_thinking","data":"` + foreignSig + `"},{"type":"tool_use","id":"toolu_1","name":"ls","input":{"dir":"a"}}]},` +
			`{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"x"}]}`,
	},
	"chat": {
		path:  "/v1/chat/completions",
		first: `{"model":"gemini-3.5-flash","extra_body":{"google":{"thinking_config":{"include_thoughts":true}}},"tools":[{"type":"function","function":{"name":"ls"}}],"messages":[` + tellTool + `]}`,
		reply: func(t *testing.T, body []byte) string {
			var m struct {
				Choices []struct{ Message json.RawMessage }
			}
			decodeTo(t, body, &m)
			return string(m.Choices[0].Message) + `,{"role":"tool","tool_call_id":"` + idIn(t, m.Choices[0].Message) + `","content":"x"}`
		},
		history: `,$reply,{"role":"assistant","content":"done"},{"role":"user","content":"and?"}]}`,
		foreign: `{"role":"assistant","reasoning_content":"foreign thought","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"ls","arguments":"{\"dir\":\"a\"}"},"extra_content":{"google":{"thought_signature":"` + foreignSig + `"}}}]},` +
			`{"role":"tool","tool_call_id":"call_1","content":"x"}`,
	},
	"responses": {
		path:  "/v1/responses",
		first: `{"model":"gemini-3.5-flash","store":false,"reasoning":{"effort":"low","summary":"auto"},"include":["reasoning.encrypted_content"],"tools":[{"type":"function","name":"ls","parameters":{"type":"object"}}],"input":[` + tellTool + `]}`,
		reply: func(t *testing.T, body []byte) string {
			var m struct{ Output []json.RawMessage }
			decodeTo(t, body, &m)
			var items []string
			for _, o := range m.Output {
				items = append(items, string(o))
			}
			return strings.Join(items, ",") + `,{"type":"function_call_output","call_id":"` + idIn(t, m.Output[len(m.Output)-1]) + `","output":"x"}`
		},
		history: `,$reply,{"role":"assistant","content":"done"},{"role":"user","content":"and?"}]}`,
		foreign: `{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"foreign thought"}],"encrypted_content":"` + foreignSig + `"},` +
			`{"type":"function_call","call_id":"call_1","name":"ls","arguments":"{\"dir\":\"a\"}"},{"type":"function_call_output","call_id":"call_1","output":"x"}`,
	},
}

// idIn finds the id of the call in what came back.
func idIn(t *testing.T, body []byte) string {
	t.Helper()
	for _, before := range []string{`"call_id":"`, `"id":"toolu_`, `"id":"c`} {
		if at := strings.Index(string(body), before); at >= 0 {
			id, _, _ := strings.Cut(string(body[at+strings.Index(before, `:"`)+2:]), `"`)
			return id
		}
	}
	t.Fatalf("no call in %s", body)
	return ""
}

// Thoughts of earlier turns go upstream only where the route keeps them, and
// then only those that heald has sealed; the signatures of calls always stay.
func TestHistoricalThinking(t *testing.T) {
	for name, d := range rememberers {
		for _, c := range []struct {
			name, set string
			change    func(reply string) string
			alias     string
			thought   bool // goes upstream
			signature bool // of the call
		}{
			{"by default", "", nil, "", false, true},
			{"drop", "thinking.history=drop", nil, "", false, true},
			{"keep", "thinking.history=keep", nil, "", true, true},
			{"keep, but altered", "thinking.history=keep", func(s string) string { return strings.Replace(s, "let me see", "let me be", 1) }, "", false, true},
			{"keep, but another model's", "thinking.history=keep", nil, "gemini-3.8-flash", false, false},
		} {
			t.Run(name+"/"+c.name, func(t *testing.T) {
				r := newRig(t, nil)
				a := r.begin(1, "", "x-heald-set", c.set)
				a.in.Path = d.path
				send(t, a, d.first)
				act := answerWith(a, 200, thinkingReply)
				if act.Reply != nil {
					t.Fatalf("%s", act.Reply.Body)
				}
				reply := d.reply(t, act.Body)
				if !strings.Contains(reply, "let me see") {
					t.Fatalf("the client does not get the thought: %s", act.Body)
				}
				if c.change != nil {
					reply = c.change(reply)
				}
				if c.alias != "" {
					r.cfg.Models.Aliases = map[string]route.Chain{"gemini-3.5-flash": route.Only(c.alias)}
				}
				body := r.nextTurn(t, d, c.set, reply)
				whole := `{"text":"let me see","thought":true,"thoughtSignature":"` + thoughtSig + `"}`
				if got := strings.Contains(body, whole); got != c.thought {
					t.Errorf("thought goes upstream: %v", got)
				}
				if !strings.Contains(body, whole) && (strings.Contains(body, "let me") || strings.Contains(body, thoughtSig) || strings.Contains(body, `"thought":`)) {
					t.Error("something of the thought goes upstream")
				}
				if got := strings.Contains(body, `"thoughtSignature":"`+callSig+`"`); got != c.signature {
					t.Errorf("the call's signature goes upstream: %v", got)
				}
				if t.Failed() {
					t.Logf("body %s", body)
				}
			})
		}
	}
}

// nextTurn sends the conversation on and returns what goes upstream.
func (r rig) nextTurn(t *testing.T, d remembers, set, reply string) string {
	t.Helper()
	a := r.begin(1, "", "x-heald-set", set)
	a.in.Path = d.path
	return string(send(t, a, strings.TrimSuffix(d.first, "]}")+strings.Replace(d.history, "$reply", reply, 1)).Body)
}

// What another vendor has signed never travels, nor does its thought become
// text; its call gets the placeholder.
func TestForeignThinkingStaysHere(t *testing.T) {
	for name, d := range rememberers {
		for _, set := range []string{"", "thinking.history=keep"} {
			body := newRig(t, nil).nextTurn(t, d, set, d.foreign)
			if strings.Contains(body, foreignSig[:20]) || strings.Contains(body, "foreign thought") || strings.Contains(body, `"thought":`) {
				t.Errorf("%s, %q: it goes upstream: %s", name, set, body)
			}
			if !strings.Contains(body, `"name":"ls","args":{"dir":"a"}},"thoughtSignature":"c2tpcF90`) {
				t.Errorf("%s, %q: no placeholder: %s", name, set, body)
			}
		}
	}
}

// A native client's history is its own and Gemini's business: it comes from
// the same API and goes back to it as it is.
func TestNativeThinkingIsLeftAlone(t *testing.T) {
	body := `{"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"text":"let me see","thought":true,"thoughtSignature":"` + thoughtSig +
		`"},{"functionCall":{"id":"1","name":"ls","args":{}},"thoughtSignature":"` + callSig + `"}]},{"role":"user","parts":[{"functionResponse":{"id":"1","name":"ls","response":{}}}]}],"tools":[{"functionDeclarations":[{"name":"ls"}]}]}`
	for _, set := range []string{"", "thinking.history=keep"} {
		if f := send(t, newRig(t, nil).native(nativeStream, 1, "", "x-heald-set", set), body); string(f.Body) != body {
			t.Errorf("%q: %s", set, f.Body)
		}
	}
}
