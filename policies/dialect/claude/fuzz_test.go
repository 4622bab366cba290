package claude

import (
	"errors"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
	"github.com/heald-proxy/heald/test/fixture"
)

// Whatever arrives, the result is a request whose leaves are valid JSON, or an
// error that says what is wrong.
func FuzzDecode(f *testing.F) {
	for _, c := range fixture.Load(f, "testdata/request") {
		f.Add(c.File("request.json"))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		headers := policies.Headers{{Name: "x-claude-code-session-id", Value: "s"}}
		req, err := New().Decode(dialect.Route{}, headers, body)
		if err != nil {
			var known *conversation.Error
			if !errors.As(err, &known) || known.Message == "" || req != nil {
				t.Fatalf("request %v, error %#v", req, err)
			}
			return
		}
		if req.Messages == nil {
			t.Fatal("no messages")
		}
		dialecttest.CheckRequest(t, req)
	})
}

// Every answer makes a grammatical stream, which folds into the document.
func FuzzEncode(f *testing.F) {
	f.Add(uint8(7), []byte{0, 8, 4, 12, 5, 13, 2, 1})
	f.Add(uint8(3), []byte{10, 0, 20, 13, 13, 29, 255, 1})
	f.Add(uint8(0), []byte{5, 5, 5, 15})
	f.Add(uint8(15), []byte{8, 12, 8, 20, 10, 13, 8, 6})
	f.Fuzz(func(t *testing.T, mode uint8, in []byte) {
		if len(in) > 200 {
			return
		}
		req := conversation.Request{Model: "m", OneCall: mode&8 != 0}
		req.Thinking.Visible, req.Thinking.Carries = mode&1 != 0, mode&2 != 0
		events := dialecttest.Answer(in)
		agree(t, string(encode(t, req, events, true)), encode(t, req, events, false))
	})
}

// Events in any order at all, even those that the grammar forbids, make a
// grammatical stream too: the upstream's faults must not become ours.
func FuzzEncodeDisorder(f *testing.F) {
	f.Add(uint8(7), []byte{0, 1, 3, 2, 4, 5, 6, 7})
	f.Fuzz(func(t *testing.T, mode uint8, in []byte) {
		req := conversation.Request{Model: "m", OneCall: mode&8 != 0}
		req.Thinking.Visible, req.Thinking.Carries = mode&1 != 0, mode&2 != 0
		var events []conversation.Event
		for _, b := range in {
			events = append(events, conversation.Event{
				Kind: conversation.EventKind(b % 20), Text: conversation.Quote("x"), Args: conversation.Raw(`{}`),
				Carrier: "gs1.a.b.c", Finish: conversation.Finish(b / 16), CallID: "a",
				Sources: &conversation.Sources{Queries: []string{"q", "r"}, Pages: []conversation.Page{{URL: "u"}, {Title: "t"}}},
			})
		}
		events = append(events, conversation.Event{Kind: conversation.EventFinish, Finish: conversation.FinishStop})
		stream := string(encode(t, req, events, true))
		if err := checkGrammar(stream, true); err != nil {
			t.Fatalf("%v in\n%s", err, stream)
		}
	})
}
