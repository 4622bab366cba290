package gemini

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/test/fakegemini"
)

// Whatever clients send, each model at each API takes what is rendered: the
// fake upstream knows every field and refuses what the real one does.
func TestStrictUpstream(t *testing.T) {
	server := fakegemini.Start(t, fakegemini.Options{
		PresenceOnly: true, // the signatures here are made up
		Refuse: []fakegemini.Rule{
			fakegemini.RuleFixedSampling, fakegemini.RuleThinkingBudget, fakegemini.RuleBuiltInMode, fakegemini.RuleOldMixedAnswers,
		},
	})
	models := []string{"gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-3-flash-preview",
		"gemini-3.1-pro-preview", "gemini-3.5-flash", "gemini-3.5-flash-lite", "gemini-3.6-flash", "gemini-3.7-flash", "gemini-3.8-flash"}
	for name, build := range strictRequests() {
		for _, model := range models {
			for _, kind := range []Kind{AIStudio, Vertex} {
				target := Target{Kind: kind, Project: "p", Location: "global", Model: model}
				send(t, server, name, build(), target, Options{})
				send(t, server, name+", own schema type", build(), target, Options{ProtoSchema: true})
				if name == "everything" || name == "upstream's words" {
					send(t, server, name, build(), target, Options{Operation: conversation.CountTokens})
				}
			}
		}
	}
}

func send(t *testing.T, server *fakegemini.Server, name string, req *conversation.Request, target Target, opts Options) {
	t.Helper()
	out, err := Render(req, target, opts)
	if err != nil {
		t.Errorf("%s %s: %v", name, target.Model, err)
		return
	}
	r, err := http.NewRequest("POST", server.URL()+out.Path, bytes.NewReader(out.Body))
	if err != nil {
		t.Fatal(err)
	}
	header, value := Credential("key", false)
	r.Header.Set(header, value)
	r.Header.Set("content-type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	reply, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 200 || opts.Operation != conversation.CountTokens && !bytes.Contains(reply, []byte(`"parts"`)) {
		t.Errorf("%s %s: %s\n%s\n%s", name, out.Path, resp.Status, reply, out.Body)
	}
}

// strictRequests are requests as odd as clients send them, by what is odd.
func strictRequests() map[string]func() *conversation.Request {
	schemas := []string{
		`{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"a":{"type":"integer","exclusiveMinimum":0,"default":1},"b":{"const":"x"},"c":{"enum":["",null,"y"]}},"required":["a","zz"],"additionalProperties":false}`,
		`{"type":"object","properties":{"p":{"allOf":[{"$ref":"#/definitions/N"}],"description":"d"},"q":{"$ref":"#/properties/p"},"l":{"type":"array"}},"definitions":{"N":{"type":"object","properties":{"next":{"oneOf":[{"$ref":"#/definitions/N"},{"type":"null"}]}}}}}`,
		`{"type":"object","properties":{"kids":{"type":"array","items":{"$ref":"#"}},"t":{"type":"array","items":[{"type":"STRING"},true]}}}`,
		`{"anyOf":[{"type":"object","properties":{"a":{"type":"string","nullable":true}},"required":["a"]},{"type":"object","properties":{"b":false}}]}`,
		`{"type":"object","properties":{}}`,
	}
	for _, l := range loops {
		schemas = append(schemas, l.in)
	}
	tools := func(req *conversation.Request) {
		for i, s := range schemas {
			name := strings.Repeat("mcp: tool/", 9) + string(rune('a'+i))
			req.Tools = append(req.Tools, conversation.Tool{Name: name, Description: conversation.Quote("d"), Schema: conversation.Raw(s)})
		}
	}
	build := func(messages ...conversation.Message) func() *conversation.Request {
		return func() *conversation.Request { return &conversation.Request{Messages: messages, Stream: true} }
	}
	const reminder = "<system-reminder>x</system-reminder>"
	return map[string]func() *conversation.Request{
		"plain":   build(user(text("hi"))),
		"prefill": build(user(text("hi")), model(text("{"))),
		"calls": func() *conversation.Request {
			req := history(20)
			tools(req)
			return req
		},
		"broken history": build(
			model(text("hello")), user(result("z", text("orphan")), text("")), model(thought("h")),
			model(call("a", "x y", `null`), call("a", "x", `[1]`), call("", "x", `"{}"`)), user(text("wait"), result("a", text(`{"$ref":"x"}`)), text(reminder)),
			system(text("late")), model(text("ok"), call("a", "x", `{}`)), user(failed(result("a", blob("image/png", "QQ=="), blob("audio/wav", "QQ=="))), text("now")),
			model(call("b", "x", `{}`))),
		"everything": func() *conversation.Request {
			req := &conversation.Request{
				System: []conversation.Part{text("s"), text("t")}, Messages: []conversation.Message{user(text("hi"), blob("application/pdf", "QQ=="))},
				Choice:   conversation.Choice{Mode: conversation.ChoiceAny},
				Thinking: conversation.Thinking{Intent: conversation.ThinkBudget, Budget: 31_999, Visible: true},
				Limits:   conversation.Limits{MaxTokens: new(32_000), Temperature: new(1.5), TopP: new(0.5), TopK: new(3), Stop: strings.Split("a b c d e f", " "), Seed: new(1 << 40)},
			}
			tools(req)
			return req
		},
		"probe":          limited(1, conversation.Thinking{Intent: conversation.ThinkAuto, Visible: true}),
		"thinking off":   limited(100, conversation.Thinking{Intent: conversation.ThinkOff}),
		"minimal effort": limited(2000, conversation.Thinking{Intent: conversation.ThinkLevel, Level: "minimal"}),
		"highest effort": limited(128_000, conversation.Thinking{Intent: conversation.ThinkLevel, Level: "max", Visible: true}),
		"small budget":   limited(600, conversation.Thinking{Intent: conversation.ThinkBudget, Budget: 1}),
		"search": func() *conversation.Request {
			req := build(user(text("hi")))()
			req.Tools = []conversation.Tool{{Kind: conversation.WebSearch, Name: "web_search"}, {Kind: conversation.WebFetch}}
			req.Choice.Mode = conversation.ChoiceAny
			return req
		},
		"own tools beside functions": func() *conversation.Request {
			req := build(user(text("hi")))()
			tools(req)
			req.Tools = append(req.Tools,
				conversation.Tool{Kind: conversation.OwnTool, Field: "googleSearch", Blocked: []string{"a.com"}},
				conversation.Tool{Kind: conversation.OwnTool, Field: "codeExecution"},
				conversation.Tool{Kind: conversation.OwnTool, Field: "googleMaps", Settings: conversation.Raw(`{"enableWidget":true}`),
					Around: conversation.Raw(`{"latLng":{"latitude":52.5,"longitude":13.4},"languageCode":"de"}`)})
			return req
		},
		"upstream's words": func() *conversation.Request {
			req := build(user(text("hi"), blob("image/png", "QQ==")), model(text("a"), upstream(`{"toolCall":{"id":"1","toolType":"GOOGLE_SEARCH_WEB","args":{"queries":["x"]}}}`, ""),
				upstream(`{"toolResponse":{"id":"1","toolType":"GOOGLE_SEARCH_WEB","response":{}}}`, "found")), user(text("go on")))()
			req.Messages[0].Parts[1].Media.Detail = "max"
			req.Upstream = conversation.Upstream{
				SafetySettings: conversation.Raw(`[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"OFF"}]`),
				Labels:         conversation.Raw(`{"team":"a"}`), ServiceTier: "priority",
			}
			req.Tools = []conversation.Tool{{Kind: conversation.WebSearch, Blocked: []string{"a.com"}}}
			req.Limits = conversation.Limits{PresencePenalty: new(1.0), TopLogprobs: new(3)}
			return req
		},
		"nothing":            build(user(text(""))),
		"nothing in the end": build(user(text("hi")), model(text("a")), user(text(""))),
		"files of all kinds": build(user(text("hi"), blob("image/gif", "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"),
			blob("image/svg+xml", "PHN2Zy8+"), blob("application/octet-stream", "AAE="), blob("application/json", "e30="), blob("audio/x-wav", "AAE="),
			blob("image/png", "data:image/png;base64,iVBORw0KGgo="), blob("image/png", ""), blob("video/quicktime", "AAE="), blob("IMAGE/JPG", "/9j/")),
			model(call("a", "f", "{}")), user(result("a", blob("image/gif", "R0lG"), blob("image/svg+xml", "PHN2Zy8+"), blob("text/csv", "YSxi"), blob("audio/mp3", "AAE=")))),
		"cache": func() *conversation.Request {
			req := build(user(text("hi")))()
			req.Upstream.CachedContent = "x"
			return req
		},
		"JSON": func() *conversation.Request {
			req := build(user(text("hi")))()
			req.Format = &conversation.Format{Schema: conversation.Raw(schemas[0])}
			return req
		},
	}
}

func limited(tokens int, t conversation.Thinking) func() *conversation.Request {
	return func() *conversation.Request {
		return &conversation.Request{Messages: []conversation.Message{user(text("hi"))}, Limits: conversation.Limits{MaxTokens: &tokens}, Thinking: t}
	}
}

// What only Gemini 3 takes.
func TestStrictUpstreamThree(t *testing.T) {
	server := fakegemini.Start(t)
	for _, kind := range []Kind{AIStudio, Vertex} {
		for _, model := range []string{"gemini-3.5-flash", "gemini-3.8-flash"} {
			req := &conversation.Request{
				Messages: []conversation.Message{user(text("hi"))},
				Tools:    []conversation.Tool{{Name: "a"}, {Kind: conversation.WebSearch, Name: "web_search"}},
				Format:   &conversation.Format{},
			}
			send(t, server, "mixed tools", req, Target{Kind: kind, Project: "p", Location: "l", Model: model}, Options{})
		}
	}
}

// Before 2.5 there were the API's own schemas alone.
func TestStrictUpstreamTwo(t *testing.T) {
	server := fakegemini.Start(t)
	for name, build := range strictRequests() {
		for _, model := range []string{"gemini-1.5-flash-002", "gemini-2.0-flash"} {
			send(t, server, name, build(), Target{Model: model}, Options{})
		}
	}
}
