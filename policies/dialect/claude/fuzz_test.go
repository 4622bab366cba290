package claude

import (
	"errors"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
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
		if req.Model == "" || req.Messages == nil || len(req.Warnings) > maxWarnings {
			t.Fatalf("model %q, messages %v, %d warnings", req.Model, req.Messages, len(req.Warnings))
		}
		checkParts(t, req.System)
		for _, m := range req.Messages {
			checkParts(t, m.Parts)
		}
		for _, tool := range req.Tools {
			checkLeaf(t, tool.Description, '"')
			checkLeaf(t, tool.Schema, '{')
		}
		if req.Format != nil {
			checkLeaf(t, req.Format.Schema, '{')
		}
	})
}

func checkParts(t *testing.T, parts []conversation.Part) {
	for _, p := range parts {
		checkLeaf(t, p.Text, '"')
		checkLeaf(t, p.Media.Data, '"')
		checkLeaf(t, p.Call.Args, 0)
		checkParts(t, p.Result.Parts)
	}
}

// checkLeaf checks that leaf is absent or one valid value of the kind; 0 is
// any kind.
func checkLeaf[T ~[]byte](t *testing.T, leaf T, kind jsontext.Kind) {
	v := jsontext.Value(leaf)
	if leaf == nil {
		return
	}
	if !v.IsValid(jsontext.AllowDuplicateNames(true)) || kind != 0 && v.Kind() != kind {
		t.Fatalf("leaf %q is no valid value of kind %v", leaf, kind)
	}
}

// answer makes an answer out of random bytes, which obeys the grammar of
// conversation's events.
func answer(in []byte) []conversation.Event {
	events := []conversation.Event{{Kind: conversation.EventStart, ID: "r"}}
	add := func(ev conversation.Event) { events = append(events, ev) }
	ids := []string{"", "a", "b", "toolu_01", "é", "x__Z3MxLmEuYi5j"}
	carriers := []string{"", "gs1.a.b.c", "gs1.d.e.f", "foreign"}
	texts := []string{"", "x", "two\nlines", `q"\`, "é\u2028😀"}
	for ; len(in) > 1; in = in[1:] {
		arg := int(in[0]) / 8
		text := conversation.Quote(texts[arg%len(texts)])
		carrier := carriers[arg%len(carriers)]
		switch in[0] % 13 {
		case 0, 1:
			add(conversation.Event{Kind: conversation.EventThought, Text: text})
		case 2, 3:
			add(conversation.Event{Kind: conversation.EventText, Text: text})
		case 4:
			add(conversation.Event{Kind: conversation.EventSignature, Carrier: carrier})
		case 5, 6:
			add(conversation.Event{Kind: conversation.EventCallStart, CallID: ids[arg%len(ids)], Name: "f", Carrier: carrier})
			for _, piece := range []string{`{"k`, `":[1,`, `"é"]}`} {
				if arg%2 == 0 {
					add(conversation.Event{Kind: conversation.EventCallArgs, Args: conversation.Raw(piece)})
				}
			}
			add(conversation.Event{Kind: conversation.EventCallEnd})
		case 8:
			add(conversation.Event{Kind: conversation.EventMedia, Media: conversation.Media{MIME: "image/png", Data: text}})
		case 9:
			add(conversation.Event{Kind: conversation.EventCode, Text: text})
		case 10:
			add(conversation.Event{Kind: conversation.EventCodeResult, Name: []string{"OUTCOME_OK", "OUTCOME_FAILED", "OUTCOME_DEADLINE_EXCEEDED"}[arg%3], Text: text})
		case 11:
			add(conversation.Event{Kind: conversation.EventServerCall, Name: "GOOGLE_SEARCH_WEB", Args: conversation.Raw(`{"queries":["é"]}`), Carrier: carrier})
		case 12:
			add(conversation.Event{Kind: conversation.EventServerResult, Name: "GOOGLE_SEARCH_WEB", Carrier: carrier})
		case 7:
			events[len(events)-1].Usage = conversation.Usage{Known: true, Input: arg, Cached: arg / 2, Output: arg, Thoughts: arg / 3}
		}
	}
	finish := byte(0)
	if len(in) > 0 {
		finish = in[0]
	}
	if finish%16 == 15 {
		add(conversation.Event{Kind: conversation.EventFailure, Err: apiError("x")})
		return events
	}
	add(conversation.Event{Kind: conversation.EventFinish, Finish: conversation.Finish(finish % 12), Note: "n"})
	return events
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
		events := answer(in)
		agree(t, string(encode(req, events, true)), encode(req, events, false))
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
		stream := string(encode(req, events, true))
		if err := checkGrammar(stream, true); err != nil {
			t.Fatalf("%v in\n%s", err, stream)
		}
	})
}
