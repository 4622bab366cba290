package gemini

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestRenderWhole(t *testing.T) {
	req := &conversation.Request{
		System:   []conversation.Part{text("sys")},
		Messages: []conversation.Message{user(text("hi")), model(call("a", "A", `{"x":1}`)), user(result("a", text("ok")))},
		Tools:    []conversation.Tool{{Name: "A"}},
		Choice:   conversation.Choice{Mode: conversation.ChoiceAuto},
		Limits:   conversation.Limits{MaxTokens: new(100)},
	}
	const (
		head     = `"systemInstruction":{"parts":[{"text":"sys"}]},"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"functionCall":{`
		withID   = `"id":"a",`
		args     = `"name":"A","args":{"x":1}},"thoughtSignature":"` + placeholder + `"}]},{"role":"user","parts":[{"functionResponse":{`
		answer   = `"name":"A","response":{"output":"ok"}}}]}],"tools":[{"functionDeclarations":[{"name":"A"}]}]`
		config   = `,"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}`
		settings = `,"generationConfig":{"maxOutputTokens":100}}`
	)
	vertex := Target{Kind: Vertex, Project: "p", Location: "global", Model: strict}
	for _, c := range []struct {
		name       string
		target     Target
		opts       Options
		path, body string
	}{
		{"AI Studio", Target{Model: strict}, Options{},
			"/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse", "{" + head + withID + args + withID + answer + config + settings},
		{"AI Studio without ids", Target{Model: strict}, Options{OmitIDs: true},
			"/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse", "{" + head + args + answer + config + settings},
		{"Vertex", vertex, Options{},
			"/v1/projects/p/locations/global/publishers/google/models/gemini-3.5-flash:streamGenerateContent?alt=sse", "{" + head + withID + args + withID + answer + config + settings},
		{"Vertex that has refused ids", vertex, Options{OmitIDs: true},
			"/v1/projects/p/locations/global/publishers/google/models/gemini-3.5-flash:streamGenerateContent?alt=sse", "{" + head + args + answer + config + settings},
		{"count at AI Studio", Target{Model: "models/" + strict}, Options{Operation: conversation.CountTokens},
			"/v1beta/models/gemini-3.5-flash:countTokens", `{"generateContentRequest":{"model":"models/gemini-3.5-flash",` + head + withID + args + withID + answer + config + settings + "}"},
		{"count at Vertex", vertex, Options{Operation: conversation.CountTokens},
			"/v1/projects/p/locations/global/publishers/google/models/gemini-3.5-flash:countTokens", "{" + head + withID + args + withID + answer + settings},
		{"in one document", Target{Model: strict}, Options{Unary: true},
			"/v1beta/models/gemini-3.5-flash:generateContent", "{" + head + withID + args + withID + answer + config + settings},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Render(req, c.target, c.opts)
			if err != nil {
				t.Fatal(err)
			}
			if got.Path != c.path || string(got.Body) != c.body {
				t.Errorf("got  %s\n%s\nwant %s\n%s", got.Path, got.Body, c.path, c.body)
			}
			if got.Names.Original("A") != "A" {
				t.Error("names are missing")
			}
		})
	}
}

// N17: a conversation that grows keeps its beginning to the byte, so that the
// upstream's cache hits, and the request is not changed by rendering it.
func TestRenderKeepsPrefix(t *testing.T) {
	req := history(40)
	first, err := Render(req, Target{Model: strict}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	again, _ := Render(req, Target{Model: strict}, Options{})
	if !bytes.Equal(first.Body, again.Body) {
		t.Error("a second rendering differs")
	}
	end := bytes.Index(first.Body, []byte(`],"tools"`))
	req.Messages = append(req.Messages, user(text("more")), model(call("", "Bash", `{}`)))
	grown, _ := Render(req, Target{Model: strict}, Options{})
	if !bytes.HasPrefix(grown.Body, first.Body[:end]) {
		t.Error("the beginning changed")
	}
}

// history is a conversation of n messages: user, call, answer, text, ...
func history(n int) *conversation.Request {
	req := &conversation.Request{System: []conversation.Part{text("You are a coding agent.")}}
	for i := range n {
		id := fmt.Sprint("toolu_", i/4)
		switch i % 4 {
		case 0:
			req.Messages = append(req.Messages, user(text("Fix the test.")))
		case 1:
			req.Messages = append(req.Messages, model(text("I will look."), signed("c2ln", call(id, "Bash", `{"command":"go test ./..."}`))))
		case 2:
			req.Messages = append(req.Messages, user(result(id, text(strings.Repeat("ok  \tline\n", 10))), text("<system-reminder>\nx\n</system-reminder>")))
		case 3:
			req.Messages = append(req.Messages, model(text("Done.")))
		}
	}
	for i := range 20 {
		req.Tools = append(req.Tools, conversation.Tool{Name: fmt.Sprint("Tool", i), Description: conversation.Quote(strings.Repeat("d", 500)),
			Schema: conversation.Raw(`{"type":"object","properties":{"command":{"type":"string","description":"what"},"limit":{"type":"number","minimum":0}},"required":["command"],"additionalProperties":false}`)})
	}
	return req
}

// Whatever the client's history is, the body is one JSON object in which every
// call is answered once, in the next content, and in order.
func FuzzRender(f *testing.F) {
	f.Add([]byte{0, 10, 20, 31, 11, 2, 33, 4, 15, 26}, true)
	f.Add([]byte{11, 11, 21, 21, 31, 22, 40, 12, 22}, false)
	f.Fuzz(func(t *testing.T, steps []byte, three bool) {
		req := &conversation.Request{}
		for _, s := range steps {
			parts := []conversation.Part{
				text("t"), call(fmt.Sprint(s%3), "A b", `{}`), result(fmt.Sprint(s%3), text("r")),
				text("<system-reminder>x</system-reminder>"), call("", "C", `[]`), result("", blob("image/png", "QQ==")), thought("h"), text(""),
				upstream(`{"toolCall":{"id":"x"}}`, ""), upstream(`{"toolResponse":{"id":"x"}}`, ""), upstream("", ""),
			}
			m := conversation.Message{Role: conversation.Role(s / 10 % 3), Parts: parts[int(s)%len(parts) : int(s)%len(parts)+1]}
			req.Messages = append(req.Messages, m)
		}
		target := Target{Model: older}
		if three {
			target.Model = fixedM
		}
		out, err := Render(req, target, Options{})
		if err != nil {
			return
		}
		checkBody(t, out.Body, three)
	})
}

func checkBody(t *testing.T, raw []byte, three bool) {
	type function struct{ ID, Name string }
	var body struct {
		Contents []struct {
			Role  string
			Parts []struct {
				FunctionCall, FunctionResponse *function
				ThoughtSignature               string
			}
		}
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	var open []function
	for i, c := range body.Contents {
		if i == 0 && c.Role != "user" || len(c.Parts) == 0 {
			t.Fatalf("content %d: role %s, %d parts in %s", i, c.Role, len(c.Parts), raw)
		}
		answers := c.Parts[0].FunctionResponse != nil
		if (len(open) > 0) != answers || answers && len(open) != len(c.Parts) {
			t.Fatalf("content %d does not answer %v in %s", i, open, raw)
		}
		if i > 0 && body.Contents[i-1].Role == c.Role && body.Contents[i-1].Parts[0].FunctionResponse == nil {
			t.Fatalf("content %d has the role of the one before in %s", i, raw)
		}
		for j, p := range c.Parts {
			if answers && (p.FunctionResponse == nil || *p.FunctionResponse != open[j]) {
				t.Fatalf("content %d part %d does not answer %v in %s", i, j, open[j], raw)
			}
		}
		open = nil
		for _, p := range c.Parts {
			if p.FunctionCall != nil {
				if three && len(open) == 0 && p.ThoughtSignature == "" {
					t.Fatalf("content %d lacks a signature in %s", i, raw)
				}
				open = append(open, *p.FunctionCall)
			}
		}
		if three && i == len(body.Contents)-1 && c.Role != "user" {
			t.Fatalf("ends with a model turn: %s", raw)
		}
	}
	if len(open) > 0 {
		t.Fatalf("no answer to %v in %s", open, raw)
	}
}

func BenchmarkRender(b *testing.B) {
	opts := Options{Compiler: NewCompiler(DefaultCompilerSize)}
	requests := map[string]*conversation.Request{}
	for _, n := range []int{10, 100, 1000} {
		requests[fmt.Sprint("messages", n)] = history(n)
	}
	large := history(40)
	for i := range large.Messages {
		for j := range large.Messages[i].Parts {
			if p := &large.Messages[i].Parts[j]; p.Kind == conversation.KindResult {
				p.Result.Parts = []conversation.Part{text(strings.Repeat("some output of a tool\n", 900))}
			}
		}
	}
	requests["body200KB"] = large
	for _, name := range []string{"messages10", "messages100", "messages1000", "body200KB"} {
		b.Run(name, func(b *testing.B) {
			req := requests[name]
			out, err := Render(req, Target{Model: strict}, opts)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(out.Body)))
			for b.Loop() {
				if _, err := Render(req, Target{Model: strict}, opts); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
