package chat

import (
	"errors"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/callid"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
	"github.com/heald-proxy/heald/test/fixture"
)

// Whatever arrives, the result is a request whose leaves are valid JSON, or an
// error that says what is wrong; and the body is not touched.
func FuzzDecode(f *testing.F) {
	for _, c := range fixture.Load(f, "testdata/request") {
		f.Add(c.File("request.json"))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := string(body)
		req, err := New(Config{}).Decode(dialect.Route{}, nil, body)
		if string(body) != before {
			t.Fatal("the body was changed")
		}
		if err != nil {
			var known *conversation.Error
			if !errors.As(err, &known) || known.Message == "" || req != nil {
				t.Fatalf("request %v, error %#v", req, err)
			}
			return
		}
		checkRequest(t, req)
	})
}

// checkRequest checks what must hold of every request that was read.
func checkRequest(t *testing.T, req *conversation.Request) {
	t.Helper()
	dialecttest.CheckRequest(t, req)
	dialecttest.EachPart(req, func(p *conversation.Part) {
		if p.Kind == conversation.KindMedia && p.Media.Data == nil && p.Media.URI == "" {
			t.Fatal("media without data or address")
		}
	})
}

// modes makes a request of the bits of mode.
func modes(mode uint8) conversation.Request {
	req := conversation.Request{Model: "m", OneCall: mode&1 != 0}
	req.Thinking.Visible = mode&2 != 0
	o := own{usage: mode&4 != 0, cites: mode&8 != 0}
	if mode&16 != 0 {
		o.legacy, req.OneCall = true, true
	} else if mode&32 != 0 {
		o.freeform = map[string]bool{"freeform": true}
	}
	if mode&64 != 0 {
		o.thoughtTag = "think"
	}
	req.Own = o
	return req
}

// Every answer makes a grammatical stream, which folds into the document.
func FuzzEncode(f *testing.F) {
	f.Add(uint8(2), []byte{0, 13, 2, 15, 28, 5, 11, 24, 1})
	f.Add(uint8(6), []byte{11, 24, 37, 50, 63, 2, 0, 3})
	f.Add(uint8(46), []byte{24, 50, 9, 6, 7, 8, 9, 1})
	f.Add(uint8(18), []byte{11, 37, 2, 1})
	f.Add(uint8(66), []byte{13, 26, 7, 13, 5, 1})
	f.Add(uint8(15), []byte{2, 15})
	f.Fuzz(func(t *testing.T, mode uint8, in []byte) {
		if len(in) > 200 {
			return
		}
		req, events := modes(mode), dialecttest.Answer(in)
		agree(t, &req, encode(t, req, events, true), encode(t, req, events, false))
	})
}

// Events in any order at all, even those that the grammar forbids, make a
// grammatical stream too: the upstream's faults must not become ours.
func FuzzEncodeDisorder(f *testing.F) {
	f.Add(uint8(7), []byte{0, 1, 3, 2, 4, 5, 6, 7})
	f.Fuzz(func(t *testing.T, mode uint8, in []byte) {
		req := modes(mode)
		var events []conversation.Event
		for _, b := range in {
			events = append(events, conversation.Event{
				Kind: conversation.EventKind(b % 20), Text: conversation.Quote("x"), Args: conversation.Raw(`{}`), Name: "freeform",
				Carrier: "gs1.a.b.c", Finish: conversation.Finish(b / 16), CallID: "a", Media: conversation.Media{MIME: "image/png", URI: "u"},
				Sources: &conversation.Sources{Pages: []conversation.Page{{URL: "u"}, {Title: "t"}}},
			})
		}
		events = append(events, conversation.Event{Kind: conversation.EventFinish, Finish: conversation.FinishStop})
		agree(t, &req, encode(t, req, events, true), encode(t, req, events, false))
	})
}

// A carrier that fits comes back with its id; an id without one stays itself.
func FuzzCallID(f *testing.F) {
	f.Add("call_1", "gs1.a.b.c")
	f.Add("call_1", "")
	f.Fuzz(func(t *testing.T, id, carrier string) {
		if bare, _ := splitCallID(id); bare != id {
			return // not one that is given
		}
		joined := joinCallID(id, "gs1."+carrier)
		if len(joined) > callid.MaxCarrying && joined != id {
			t.Fatalf("the id has %d bytes", len(joined))
		}
		bare, got := splitCallID(joined)
		if bare != id || joined != id && got != "gs1."+carrier {
			t.Fatalf("%q came back as %q and %q", joined, bare, got)
		}
	})
}
