package responses

import (
	"errors"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
	"github.com/heald-proxy/heald/test/fixture"
)

// Whatever arrives, the result is a request whose leaves are valid JSON, and
// whose reply is grammatical, or an error that says what is wrong.
func FuzzDecode(f *testing.F) {
	for _, c := range fixture.Load(f, "testdata/request") {
		f.Add(c.File("request.json"))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		req, err := New().Decode(dialect.Route{}, policies.Headers{{Name: "session-id", Value: "s"}}, body)
		if err != nil {
			var known *conversation.Error
			if !errors.As(err, &known) || known.Message == "" || req != nil {
				t.Fatalf("request %v, error %#v", req, err)
			}
			return
		}
		if len(req.Messages) == 0 || req.Session != "s" {
			t.Fatalf("messages %v, session %q", req.Messages, req.Session)
		}
		for _, m := range req.Messages {
			if len(m.Parts) == 0 {
				t.Fatal("a message without parts")
			}
		}
		dialecttest.CheckRequest(t, req)
		events := []conversation.Event{{Kind: conversation.EventStart}}
		for _, tool := range req.Tools {
			events = append(events,
				conversation.Event{Kind: conversation.EventCallStart, Name: tool.Name},
				conversation.Event{Kind: conversation.EventCallArgs, Args: conversation.Raw(`{"input":"a"}`)},
				conversation.Event{Kind: conversation.EventCallEnd})
		}
		events = append(events, conversation.Event{Kind: conversation.EventFinish, Finish: conversation.FinishStop})
		agree(t, string(encode(t, *req, events, true)), encode(t, *req, events, false))
	})
}

// fuzzed is a request of the given mode with tools of every shape.
func fuzzed(mode uint8) conversation.Request {
	req := conversation.Request{Model: "m", OneCall: mode&1 != 0}
	req.Thinking.Visible = mode&2 != 0
	o := &own{cites: mode&4 != 0, calls: map[string]shape{"freeform": {name: "freeform", freeform: true}}}
	if mode&8 != 0 {
		o.calls["f"] = shape{name: "f", typed: &typedTools[int(mode/16)%len(typedTools)]}
	}
	req.Own = o
	return req
}

// Every answer makes a grammatical stream, which ends with the document.
func FuzzEncode(f *testing.F) {
	f.Add(uint8(7), []byte{0, 8, 4, 12, 5, 13, 2, 1})
	f.Add(uint8(2), []byte{10, 0, 20, 13, 13, 29, 255, 1})
	f.Add(uint8(8), []byte{5, 5, 5, 15})
	f.Add(uint8(15), []byte{8, 12, 9, 20, 10, 13, 9, 6})
	f.Fuzz(func(t *testing.T, mode uint8, in []byte) {
		if len(in) > 200 {
			return
		}
		events := dialecttest.Answer(in)
		agree(t, string(encode(t, fuzzed(mode), events, true)), encode(t, fuzzed(mode), events, false))
	})
}

// Events in any order at all, even those that the grammar forbids, make a
// grammatical stream too: the upstream's faults must not become ours.
func FuzzEncodeDisorder(f *testing.F) {
	f.Add(uint8(7), []byte{0, 1, 3, 2, 4, 5, 6, 7})
	f.Fuzz(func(t *testing.T, mode uint8, in []byte) {
		var events []conversation.Event
		for _, b := range in {
			events = append(events, conversation.Event{
				Kind: conversation.EventKind(b % 20), Text: conversation.Quote("x"), Args: conversation.Raw(`{"a":1}`),
				Name: []string{"f", "freeform", "g"}[b%3], Carrier: "gs1.a.b.c", Finish: conversation.Finish(b / 16), CallID: "a",
				Sources: &conversation.Sources{
					Queries: []string{"q", "r"}, Pages: []conversation.Page{{URL: "u"}, {Title: "t"}},
					Cited: []conversation.Cited{{Start: int(b) - 5, End: int(b), Pages: []int{0, 5}}},
				},
			})
		}
		events = append(events, conversation.Event{Kind: conversation.EventFinish, Finish: conversation.FinishStop})
		stream := string(encode(t, fuzzed(mode), events, true))
		if _, err := checkGrammar(stream, true); err != nil {
			t.Fatalf("%v in\n%s", err, stream)
		}
	})
}
