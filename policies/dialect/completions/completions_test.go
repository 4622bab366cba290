package completions

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
)

func fixed() *Dialect {
	return &Dialect{now: func() time.Time { return time.Unix(1_000, 0) }, random: dialecttest.Random()}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		method, path string
		want         bool
	}{
		{"POST", "/v1/completions", true}, {"GET", "/v1/completions", false}, {"POST", "/v1/chat/completions", false}, {"POST", "/v1/completions/", false},
	} {
		if _, got := New().Match(c.method, c.path); got != c.want {
			t.Errorf("%s %s: %v", c.method, c.path, got)
		}
	}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		fields string
		text   string // as JSON
		tokens int
	}{
		{`"prompt":"Say hi"`, `"Say hi"`, 16},
		{`"prompt":["Say hi"]`, `"Say hi"`, 16},
		{`"prompt":""`, `""`, 16},
		{`"prompt":"a","max_tokens":null`, `"a"`, 16},
		{`"prompt":"a","max_tokens":100,"stop":["x"],"n":1,"best_of":1,"suffix":"","suffix":null,"echo":false,"logprobs":null,"user":"u"`, `"a"`, 100},
	} {
		req, err := New().Decode(dialect.Route{Model: "of the path"}, nil, []byte(`{`+c.fields+`}`))
		if err != nil {
			t.Errorf("%s: %v", c.fields, err)
			continue
		}
		dialecttest.CheckRequest(t, req)
		if len(req.Messages) != 1 || string(req.Messages[0].Parts[0].Text) != c.text || *req.Limits.MaxTokens != c.tokens ||
			req.Thinking.Intent != conversation.ThinkOff || req.Model != "of the path" || len(req.Warnings) > 0 {
			t.Errorf("%s: %+v", c.fields, req)
		}
	}
}

func TestRefused(t *testing.T) {
	for fields, want := range map[string]string{
		`"max_tokens":1`: "prompt: Field required",
		`"messages":[{"role":"user","content":"hi"}]`: "messages: belong to /v1/chat/completions",
		`"input":"hi"`:               "input: belong to /v1/responses",
		`"prompt":[]`:                "prompt: List should have at least 1 item",
		`"prompt":["a","b"]`:         "prompt[1]: not supported: one prompt per request",
		`"prompt":[1,2]`:             "prompt[0]: not supported: tokens",
		`"prompt":[[1,2]]`:           "prompt[0]: not supported: tokens",
		`"prompt":{}`:                "prompt: Input should be a valid string",
		`"prompt":"a","n":2`:         "n: not supported: one answer",
		`"prompt":"a","best_of":3`:   "best_of: not supported: one answer",
		`"prompt":"a","suffix":"b"`:  "suffix: not supported",
		`"prompt":"a","echo":true`:   "echo: not supported",
		`"prompt":"a","logprobs":1`:  "logprobs: not supported",
		`"prompt":"a","stop":1`:      "stop: Input should be a valid list",
		`"prompt":"a","model":null`:  "model: Field required",
		`"prompt":"a","stream":"no"`: "stream: Input should be",
	} {
		body := `{"model":"m",` + fields + `}`
		if strings.Contains(fields, `"model"`) {
			body = `{` + fields + `}`
		}
		_, err := New().Decode(dialect.Route{}, nil, []byte(body))
		var e *conversation.Error
		if !errors.As(err, &e) || !strings.HasPrefix(e.Message, strings.Split(want, ": ")[0]+": ") || !strings.Contains(e.Message, strings.Split(want, ": ")[1]) {
			t.Errorf("%s: %v, want %s", fields, err, want)
		}
	}
}

func said(text string) conversation.Event {
	return conversation.Event{Kind: conversation.EventText, Text: conversation.Quote(text)}
}

// The wording of the original service, chunk by chunk.
func TestStream(t *testing.T) {
	events := []conversation.Event{
		{Kind: conversation.EventStart, ID: "r1"}, {Kind: conversation.EventThought, Text: conversation.Quote("hm")}, said("Hi"), said(""), said(" \"you\""),
		{Kind: conversation.EventFinish, Finish: conversation.FinishStop, Usage: conversation.Usage{Known: true, Input: 3, Output: 2}},
	}
	const head = `data: {"id":"cmpl-r1","object":"text_completion","created":1000,"model":"m","choices":[`
	chunk := func(text, reason, tail string) string {
		return head + `{"text":` + text + `,"index":0,"logprobs":null,"finish_reason":` + reason + `}]` + tail + "}\n\n"
	}
	const usage = `{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,`
	got := string(dialecttest.Reply(t, fixed(), conversation.Request{Model: "m"}, events, true))
	if want := chunk(`"Hi"`, "null", "") + chunk(`" \"you\""`, "null", "") + chunk(`""`, `"stop"`, "") + "data: [DONE]\n\n"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	got = string(dialecttest.Reply(t, fixed(), conversation.Request{Model: "m", Own: own{usage: true}}, events, true))
	if want := chunk(`"Hi"`, "null", `,"usage":null`) + chunk(`" \"you\""`, "null", `,"usage":null`) + chunk(`""`, `"stop"`, `,"usage":null`) + head + `],"usage":` + usage; !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "}}}\n\ndata: [DONE]\n\n") {
		t.Errorf("got %s\nwant %s", got, want)
	}
	got = string(dialecttest.Reply(t, fixed(), conversation.Request{Model: "m"}, events, false))
	if want := strings.TrimPrefix(head, "data: ") + `{"text":"Hi \"you\"","index":0,"logprobs":null,"finish_reason":"stop"}],"usage":` + usage; !strings.HasPrefix(got, want) || !json.Valid([]byte(got)) {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// A stream and a document tell the same text and end, and nothing follows it.
func FuzzEncode(f *testing.F) {
	f.Add([]byte{2, 15, 28, 1}, uint8(0))
	f.Add([]byte{2, 15, 15}, uint8(1))
	f.Add([]byte{3, 6, 11, 4}, uint8(2))
	f.Fuzz(func(t *testing.T, in []byte, mode uint8) {
		events := dialecttest.Answer(in)
		req := conversation.Request{Model: "m", Own: own{usage: mode&1 != 0}}
		type reply struct {
			Object  string
			Choices []struct {
				Text         string
				FinishReason string `json:"finish_reason"`
			}
			Error struct{ Message string }
		}
		var doc, one reply
		if err := json.Unmarshal(dialecttest.Reply(t, fixed(), req, events, false), &doc); err != nil {
			t.Fatal(err)
		}
		stream := dialecttest.Reply(t, fixed(), req, events, true)
		if mode&2 != 0 {
			stream = dialecttest.Pinged(fixed(), req, events)
		}
		text, reason, message := "", "", ""
		ended := strings.HasSuffix(string(stream), doneText)
		for line := range strings.SplitSeq(strings.TrimSuffix(string(stream), doneText), eventEnd) {
			if line == "" {
				continue
			}
			one = reply{}
			if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "data: ")), &one); err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			if message += one.Error.Message; len(one.Choices) > 0 {
				if reason != "" {
					t.Fatalf("after its end: %s", line)
				}
				text, reason = text+one.Choices[0].Text, one.Choices[0].FinishReason
			}
		}
		if ended != (message == "") || message != doc.Error.Message {
			t.Fatalf("ended %t, error %q; the document's %q", ended, message, doc.Error.Message)
		}
		if message == "" && (text != doc.Choices[0].Text || reason != doc.Choices[0].FinishReason || reason == "") {
			t.Fatalf("stream %q %s, document %+v", text, reason, doc)
		}
	})
}
