package gemini

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Constructors that keep histories readable in tests.

func user(parts ...conversation.Part) conversation.Message {
	return conversation.Message{Role: conversation.User, Parts: parts}
}

func model(parts ...conversation.Part) conversation.Message {
	return conversation.Message{Role: conversation.Model, Parts: parts}
}

func system(parts ...conversation.Part) conversation.Message {
	return conversation.Message{Role: conversation.System, Parts: parts}
}

func text(s string) conversation.Part {
	return conversation.Part{Kind: conversation.KindText, Text: conversation.Quote(s)}
}

func thought(s string) conversation.Part {
	return conversation.Part{Kind: conversation.KindThought, Text: conversation.Quote(s)}
}

func signed(signature string, p conversation.Part) conversation.Part {
	p.Signature = signature
	return p
}

func call(id, name, args string) conversation.Part {
	return conversation.Part{Kind: conversation.KindCall, Call: &conversation.Call{ID: id, Name: name, Args: conversation.Raw(args)}}
}

func result(id string, parts ...conversation.Part) conversation.Part {
	return conversation.Part{Kind: conversation.KindResult, Result: &conversation.Result{CallID: id, Parts: parts}}
}

func failed(p conversation.Part) conversation.Part {
	p.Result.Failed = true
	return p
}

func named(name string, p conversation.Part) conversation.Part {
	p.Result.Name = name
	return p
}

func blob(mime, data string) conversation.Part {
	return conversation.Part{Kind: conversation.KindMedia, Media: &conversation.Media{MIME: mime, Data: conversation.Quote(data)}}
}

func link(mime, uri string) conversation.Part {
	return conversation.Part{Kind: conversation.KindMedia, Media: &conversation.Media{MIME: mime, URI: uri}}
}

// placed tells all of req where it stands, as decoders do.
func placed(req *conversation.Request) *conversation.Request {
	for i := range req.Messages {
		for j := range req.Messages[i].Parts {
			p := &req.Messages[i].Parts[j]
			p.At = conversation.Place{Root: "messages", Item: int32(i), Field: "content", Index: int32(j)}
			if p.Result == nil {
				continue
			}
			for k := range p.Result.Parts {
				p.Result.Parts[k].At = p.At
			}
		}
	}
	for i := range req.Tools {
		req.Tools[i].At = conversation.Place{Root: "tools", Item: int32(i), Index: -1}
	}
	return req
}

// The models that the tests name by what they stand for.
const (
	older  = "gemini-2.5-flash"
	strict = "gemini-3.5-flash"
	fixedM = "gemini-3.8-flash"
)

// rendered returns the body's members.
func rendered(t testing.TB, req *conversation.Request, target Target, opts Options) map[string]json.RawMessage {
	t.Helper()
	out, err := Render(req, target, opts)
	if err != nil {
		t.Fatal(err)
	}
	var body map[string]json.RawMessage
	if err := json.Unmarshal(out.Body, &body); err != nil {
		t.Fatalf("%v in %s", err, out.Body)
	}
	return body
}

// short writes contents briefly: one line per content, "U" or "M", and parts
// without what every part has.
func short(t testing.TB, contents json.RawMessage) string {
	t.Helper()
	var list []struct {
		Role  string
		Parts []json.RawMessage
	}
	if err := json.Unmarshal(contents, &list); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, c := range list {
		b.WriteString(map[string]string{"user": "U", "model": "M"}[c.Role])
		for _, p := range c.Parts {
			b.WriteByte(' ')
			b.Write(p)
		}
		b.WriteByte('\n')
	}
	return strings.NewReplacer(`{"text":`, `{`, `"functionCall":`, `"call":`, `"functionResponse":`, `"answer":`,
		`"thoughtSignature":`, `"sig":`, placeholder, "PLACEHOLDER", `"response":`, `"r":`).Replace(b.String())
}

func TestNormalise(t *testing.T) {
	const reminder = "<system-reminder>\nbe brief\n</system-reminder>"
	hello := user(text("hi"))
	ab := model(call("a", "A", `{}`), call("b", "B", `{}`))
	for _, c := range []struct {
		name     string
		model    string
		messages []conversation.Message
		want     string
		warn     string // part of a warning; "" for none
	}{
		{name: "N1 empty text vanishes", model: older,
			messages: []conversation.Message{user(text(""), text("hi")), model(text(""), signed("s", text(""))), user(text("x"))},
			want:     "U {\"hi\"}\nM {\"\",\"sig\":\"s\"}\nU {\"x\"}\n"},
		{name: "N1 empty message vanishes", model: older,
			messages: []conversation.Message{hello, model(text("")), user(text("x"))},
			want:     "U {\"hi\"} {\"x\"}\n"},
		{name: "N2 model first", model: older,
			messages: []conversation.Message{model(text("hello")), hello},
			want:     "U {\"(conversation continues)\"}\nM {\"hello\"}\nU {\"hi\"}\n"},
		{name: "N3 neighbors merge", model: older,
			messages: []conversation.Message{hello, user(text("x")), model(text("1")), model(text("2")), user(text("y"))},
			want:     "U {\"hi\"} {\"x\"}\nM {\"1\"} {\"2\"}\nU {\"y\"}\n"},
		{name: "N3 split parallel calls merge", model: older,
			messages: []conversation.Message{hello, model(call("a", "A", `{}`)), model(call("b", "B", `{}`)), user(result("a"), result("b"))},
			want: `U {"hi"}
M {"call":{"id":"a","name":"A","args":{}}} {"call":{"id":"b","name":"B","args":{}}}
U {"answer":{"id":"a","name":"A","r":{"output":""}}} {"answer":{"id":"b","name":"B","r":{"output":""}}}
`},
		{name: "N4 answers in call order", model: older,
			messages: []conversation.Message{hello, ab, user(result("b", text("2")), result("a", text("1")))},
			want: `U {"hi"}
M {"call":{"id":"a","name":"A","args":{}}} {"call":{"id":"b","name":"B","args":{}}}
U {"answer":{"id":"a","name":"A","r":{"output":"1"}}} {"answer":{"id":"b","name":"B","r":{"output":"2"}}}
`},
		{name: "N4 missing in the middle, hoisted from later", model: older,
			messages: []conversation.Message{hello, ab, user(text("wait")), model(text("ok")), user(result("b", text("late")))},
			want: `U {"hi"}
M {"call":{"id":"a","name":"A","args":{}}} {"call":{"id":"b","name":"B","args":{}}}
U {"answer":{"id":"a","name":"A","r":{"error":"tool result missing"}}} {"answer":{"id":"b","name":"B","r":{"output":"late"}}}
U {"wait"}
M {"ok"}
`},
		{name: "N4 missing at the end", model: fixedM,
			messages: []conversation.Message{hello, model(call("a", "A", `{}`))},
			want: `U {"hi"}
M {"call":{"id":"a","name":"A","args":{}},"sig":"PLACEHOLDER"}
U {"answer":{"id":"a","name":"A","r":{"error":"tool result missing"}}}
`},
		{name: "N4 interrupted, then the user speaks", model: strict,
			messages: []conversation.Message{hello, model(call("a", "A", `{}`)), user(text("stop that"))},
			want: `U {"hi"}
M {"call":{"id":"a","name":"A","args":{}},"sig":"PLACEHOLDER"}
U {"answer":{"id":"a","name":"A","r":{"error":"tool result missing"}}}
U {"stop that"}
`},
		{name: "N4 answered twice", model: older, warn: "answered twice",
			messages: []conversation.Message{hello, model(call("a", "A", `{}`)), user(result("a", text("1")), result("a", text("2")))},
			want: `U {"hi"}
M {"call":{"id":"a","name":"A","args":{}}}
U {"answer":{"id":"a","name":"A","r":{"output":"2"}}}
`},
		{name: "N4 an id used again in a later turn", model: older,
			messages: []conversation.Message{hello, model(call("a", "A", `{}`)), user(result("a", text("1"))), model(call("a", "A", `{}`)), user(result("a", text("2")))},
			want: `U {"hi"}
M {"call":{"id":"a","name":"A","args":{}}}
U {"answer":{"id":"a","name":"A","r":{"output":"1"}}}
M {"call":{"id":"a","name":"A","args":{}}}
U {"answer":{"id":"a","name":"A","r":{"output":"2"}}}
`},
		{name: "N4 an id used twice in one turn", model: older,
			messages: []conversation.Message{hello, model(call("a", "A", `{}`), call("a", "B", `{}`)), user(result("a", text("1")), result("a", text("2")))},
			want: `U {"hi"}
M {"call":{"id":"a","name":"A","args":{}}} {"call":{"id":"call_1_1","name":"B","args":{}}}
U {"answer":{"id":"a","name":"A","r":{"output":"1"}}} {"answer":{"id":"call_1_1","name":"B","r":{"output":"2"}}}
`},
		{name: "N4 no ids: by name, then by place", model: older,
			messages: []conversation.Message{hello, model(call("", "A", `{}`), call("", "B", `{}`), call("", "C", `{}`)),
				user(named("B", result("", text("b"))), result("", text("a")), result("", text("c")))},
			want: `U {"hi"}
M {"call":{"id":"call_1_0","name":"A","args":{}}} {"call":{"id":"call_1_1","name":"B","args":{}}} {"call":{"id":"call_1_2","name":"C","args":{}}}
U {"answer":{"id":"call_1_0","name":"A","r":{"output":"a"}}} {"answer":{"id":"call_1_1","name":"B","r":{"output":"b"}}} {"answer":{"id":"call_1_2","name":"C","r":{"output":"c"}}}
`},
		{name: "N4 a made id avoids the client's", model: older,
			messages: []conversation.Message{hello, model(call("call_1_1", "A", `{}`), call("", "B", `{}`)), user(result("call_1_1", text("a")), result("", text("b")))},
			want: `U {"hi"}
M {"call":{"id":"call_1_1","name":"A","args":{}}} {"call":{"id":"call_1_1_","name":"B","args":{}}}
U {"answer":{"id":"call_1_1","name":"A","r":{"output":"a"}}} {"answer":{"id":"call_1_1_","name":"B","r":{"output":"b"}}}
`},
		{name: "N5 orphan", model: older, warn: "without its call",
			messages: []conversation.Message{user(named("Read", result("x", text("1"), text("2"))), text("hi"))},
			want:     "U {\"[tool result Read] 1\\n2\"} {\"hi\"}\n"},
		{name: "N5 orphan before its call", model: older, warn: "without its call",
			messages: []conversation.Message{user(result("a", text("1"))), model(call("a", "A", `{}`)), user(result("a", text("2")))},
			want: `U {"[tool result a] 1"}
M {"call":{"id":"a","name":"A","args":{}}}
U {"answer":{"id":"a","name":"A","r":{"output":"2"}}}
`},
		{name: "N1 nothing but empty text", model: strict,
			messages: []conversation.Message{user(text(""), text(""))},
			want: `U {""}
`},
		{name: "N1 nothing, and a thought", model: strict,
			messages: []conversation.Message{user(text("")), model(thought("x"))},
			want: `U {""}
`},
		{name: "N1 nothing after the model", model: strict,
			messages: []conversation.Message{hello, model(text("a")), user(text(""))},
			want: `U {"hi"}
M {"a"}
U {""}
`},
		{name: "N6 text before answers", model: strict,
			messages: []conversation.Message{hello, model(call("a", "A", `{}`)), user(text("look"), result("a", text("1")), text("now"))},
			want: `U {"hi"}
M {"call":{"id":"a","name":"A","args":{}},"sig":"PLACEHOLDER"}
U {"answer":{"id":"a","name":"A","r":{"output":"1"}}}
U {"look"} {"now"}
`},
		{name: "N7 reminder joins the last answer", model: strict,
			messages: []conversation.Message{hello, ab, user(result("a", text("1")), result("b", text("2")), text(reminder), text("go"))},
			want: `U {"hi"}
M {"call":{"id":"a","name":"A","args":{}},"sig":"PLACEHOLDER"} {"call":{"id":"b","name":"B","args":{}}}
U {"answer":{"id":"a","name":"A","r":{"output":"1"}}} {"answer":{"id":"b","name":"B","r":{"output":"2\n\n<system-reminder>\nbe brief\n</system-reminder>"}}}
U {"go"}
`},
		{name: "N7 system message joins the last answer", model: strict,
			messages: []conversation.Message{hello, model(call("a", "A", `{}`)), user(failed(result("a", text("1")))), system(text("be brief"))},
			want: `U {"hi"}
M {"call":{"id":"a","name":"A","args":{}},"sig":"PLACEHOLDER"}
U {"answer":{"id":"a","name":"A","r":{"error":"1\n\n<system-reminder>\nbe brief\n</system-reminder>"}}}
`},
		{name: "N7 2.5 gets its own turn", model: older,
			messages: []conversation.Message{hello, model(call("a", "A", `{}`)), user(result("a", text("1")), text(reminder))},
			want: `U {"hi"}
M {"call":{"id":"a","name":"A","args":{}}}
U {"answer":{"id":"a","name":"A","r":{"output":"1"}}}
U {"<system-reminder>\nbe brief\n</system-reminder>"}
`},
		{name: "N7 text that only begins like one", model: strict,
			messages: []conversation.Message{hello, model(call("a", "A", `{}`)), user(result("a", text("1")), text(reminder+" really"))},
			want: `U {"hi"}
M {"call":{"id":"a","name":"A","args":{}},"sig":"PLACEHOLDER"}
U {"answer":{"id":"a","name":"A","r":{"output":"1"}}}
U {"<system-reminder>\nbe brief\n</system-reminder> really"}
`},
		{name: "N8 image in an answer", model: strict,
			messages: []conversation.Message{hello, model(call("a", "A", `{}`)), user(result("a", text("1"), blob("image/png", "QQ==")))},
			want: `U {"hi"}
M {"call":{"id":"a","name":"A","args":{}},"sig":"PLACEHOLDER"}
U {"answer":{"id":"a","name":"A","r":{"output":"1"},"parts":[{"inlineData":{"mimeType":"image/png","data":"QQ=="}}]}}
`},
		{name: "N8 other media and 2.5", model: older,
			messages: []conversation.Message{hello, ab, user(result("a", blob("image/png", "QQ=="), blob("image/png", "Qg==")), result("b"), text("so?"))},
			want: `U {"hi"}
M {"call":{"id":"a","name":"A","args":{}}} {"call":{"id":"b","name":"B","args":{}}}
U {"answer":{"id":"a","name":"A","r":{"output":""}}} {"answer":{"id":"b","name":"B","r":{"output":""}}}
U {"[files of tool result a (A)]"} {"inlineData":{"mimeType":"image/png","data":"QQ=="}} {"inlineData":{"mimeType":"image/png","data":"Qg=="}} {"so?"}
`},
		{name: "N8 a type that answers cannot hold", model: strict,
			messages: []conversation.Message{hello, model(call("a", "A", `{}`)), user(result("a", blob("audio/wav", "QQ=="), blob("Text/Plain; charset=utf-8", "Qg=="), link("image/png", "https://e.x/i.png")))},
			want: `U {"hi"}
M {"call":{"id":"a","name":"A","args":{}},"sig":"PLACEHOLDER"}
U {"answer":{"id":"a","name":"A","r":{"output":""},"parts":[{"inlineData":{"mimeType":"text/plain","data":"Qg=="}}]}}
U {"[files of tool result a (A)]"} {"inlineData":{"mimeType":"audio/wav","data":"QQ=="}} {"fileData":{"mimeType":"image/png","fileUri":"https://e.x/i.png"}}
`},
		{name: "N9 JSON in an answer stays text", model: older,
			messages: []conversation.Message{hello, model(call("a", "A", `{}`)), user(failed(result("a", text(`{"$ref":"x","n":12345678901234567890}`))))},
			want: `U {"hi"}
M {"call":{"id":"a","name":"A","args":{}}}
U {"answer":{"id":"a","name":"A","r":{"error":"{\"$ref\":\"x\",\"n\":12345678901234567890}"}}}
`},
		{name: "N10 arguments", model: older, warn: "wrapped",
			messages: []conversation.Message{hello, model(call("a", "A", `{"n":1.0,"m":9007199254740993}`), call("b", "A", `null`), call("c", "A", `"{\"x\": 1}"`), call("d", "A", `[1]`), call("e", "A", `"plain"`), call("f", "A", ``))},
			want: `U {"hi"}
M {"call":{"id":"a","name":"A","args":{"n":1.0,"m":9007199254740993}}} {"call":{"id":"b","name":"A","args":{}}} {"call":{"id":"c","name":"A","args":{"x": 1}}} {"call":{"id":"d","name":"A","args":{"value":[1]}}} {"call":{"id":"e","name":"A","args":{"value":"plain"}}} {"call":{"id":"f","name":"A","args":{}}}
U {"answer":{"id":"a","name":"A","r":{"error":"tool result missing"}}} {"answer":{"id":"b","name":"A","r":{"error":"tool result missing"}}} {"answer":{"id":"c","name":"A","r":{"error":"tool result missing"}}} {"answer":{"id":"d","name":"A","r":{"error":"tool result missing"}}} {"answer":{"id":"e","name":"A","r":{"error":"tool result missing"}}} {"answer":{"id":"f","name":"A","r":{"error":"tool result missing"}}}
`},
		{name: "N11 order of parts", model: older,
			messages: []conversation.Message{hello, model(text("1"), call("a", "A", `{}`), text("2")), user(result("a"))},
			want: `U {"hi"}
M {"1"} {"call":{"id":"a","name":"A","args":{}}} {"2"}
U {"answer":{"id":"a","name":"A","r":{"output":""}}}
`},
		{name: "N12 prefill passes", model: strict,
			messages: []conversation.Message{hello, model(text("{"))},
			want:     "U {\"hi\"}\nM {\"{\"}\n"},
		{name: "N12 prefill in words", model: fixedM, warn: "continue",
			messages: []conversation.Message{hello, model(text("one "), text("two"))},
			want:     "U {\"hi\"} {\"Continue your previous message, which so far reads:\\n\\none two\\n\\nOutput only the continuation.\"}\n"},
		{name: "N12 a picture cannot be quoted", model: fixedM, warn: "continue",
			messages: []conversation.Message{hello, model(text("Here:"), blob("image/png", "iVBORw0KGgo="))},
			want: `U {"hi"}
M {"Here:"} {"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}}
U {"Continue your previous message; output only the continuation."}
`},
		{name: "N13 system in mid-conversation", model: older,
			messages: []conversation.Message{hello, system(text("be brief"), text("<system-reminder>x</system-reminder>"))},
			want:     "U {\"hi\"} {\"<system-reminder>\\nbe brief\\n</system-reminder>\"} {\"<system-reminder>x</system-reminder>\"}\n"},
		{name: "N14 names in history", model: older,
			messages: []conversation.Message{hello, model(call("a", "my tool", `{}`)), user(named("my tool", result("a")))},
			want: `U {"hi"}
M {"call":{"id":"a","name":"my_tool","args":{}}}
U {"answer":{"id":"a","name":"my_tool","r":{"output":""}}}
`},
		{name: "N18 parts in the wrong role", model: older,
			messages: []conversation.Message{hello, model(call("a", "A", `{}`), result("a", text("1")), text("done")), user(thought("no"), text("x"))},
			want: `U {"hi"}
M {"call":{"id":"a","name":"A","args":{}}}
U {"answer":{"id":"a","name":"A","r":{"output":"1"}}}
M {"done"}
U {"x"}
`},
		{name: "media and titles", model: older,
			messages: []conversation.Message{user(conversation.Part{Kind: conversation.KindMedia, Media: &conversation.Media{MIME: "application/pdf", Data: conversation.Text("\"QQ\\n==\""), Title: "a \"b\""}})},
			want:     "U {\"[document: a \\\"b\\\"]\"} {\"inlineData\":{\"mimeType\":\"application/pdf\",\"data\":\"QQ==\"}}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := &conversation.Request{Messages: c.messages}
			body := rendered(t, req, Target{Model: c.model}, Options{})
			if got := short(t, body["contents"]); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
			warned := ""
			for _, w := range req.Warnings {
				warned += w.Field + ": " + w.Why + "\n"
			}
			if (c.warn == "") != (warned == "") || !strings.Contains(warned, c.warn) {
				t.Errorf("warnings: %q, want %q", warned, c.warn)
			}
		})
	}
}

func TestSystemInstruction(t *testing.T) {
	req := &conversation.Request{
		System:   []conversation.Part{text("one"), text(""), blob("image/png", "QQ==")},
		Messages: []conversation.Message{system(text("two")), user(text("hi"))},
	}
	body := rendered(t, req, Target{Model: strict}, Options{})
	if got := string(body["systemInstruction"]); got != `{"parts":[{"text":"one"},{"text":"two"}]}` {
		t.Error(got)
	}
	if len(req.Warnings) != 1 {
		t.Errorf("warnings: %v", req.Warnings)
	}
}

func TestNormaliseErrors(t *testing.T) {
	for _, c := range []struct {
		name     string
		messages []conversation.Message
		param    string
	}{
		{"N2 nothing", nil, "messages"},
		{"N2 nothing but a thought", []conversation.Message{user(), model(thought("x"))}, "messages"},
		{"media with a sentence for a type", []conversation.Message{user(text("hi"), blob("no type", "QQ=="))}, "messages[0].content[1]"},
		{"media without anything", []conversation.Message{user(result("a", link("", "")))}, "messages[0].content[0]"},
		{"media only Vertex can read", []conversation.Message{user(link("image/png", "gs://b/i.png"))}, "messages[0].content[0]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Render(placed(&conversation.Request{Messages: c.messages}), Target{Model: strict}, Options{})
			var e *conversation.Error
			if !errors.As(err, &e) || e.Param != c.param {
				t.Errorf("got %v, want an error at %s", err, c.param)
			}
		})
	}
}
