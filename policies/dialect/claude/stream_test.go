package claude

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/test/fixture"
)

func TestStreams(t *testing.T) {
	for _, c := range fixture.Load(t, "testdata/stream") {
		t.Run(c.Name, func(t *testing.T) {
			req, err := New().Decode(dialect.Route{}, nil, c.File("request.json"))
			if err != nil {
				t.Fatalf("request.json: %v", err)
			}
			events := readScript(t, c.File("events.json"))
			stream := encode(*req, events, true)
			document := encode(*req, events, false)
			fixture.Diff(t, c.Path("client.sse"), c.File("client.sse"), stream)
			fixture.Diff(t, c.Path("client.json"), c.File("client.json"), document)
			agree(t, string(stream), document)

			fine := finer(events)
			agree(t, string(encode(*req, fine, true)), document)
			fixture.Diff(t, c.Path("client.json"), c.File("client.json"), encode(*req, fine, false))

			noisy := pings(*req, events)
			if got, want := withoutPings(noisy), withoutPings(string(stream)); got != want {
				t.Errorf("pings change the stream:\n%s\nwant\n%s", got, want)
			}
			agree(t, noisy, document)
		})
	}
}

// agree fails the test unless stream is grammatical and folds into document.
func agree(t *testing.T, stream string, document []byte) {
	t.Helper()
	if err := checkGrammar(stream, true); err != nil {
		t.Fatalf("%v in\n%s", err, stream)
	}
	got, err := foldStream(stream)
	if err != nil {
		t.Fatalf("%v in\n%s", err, stream)
	}
	var want map[string]any
	if err := json.Unmarshal(document, &want); err != nil {
		t.Fatalf("the document is not JSON: %v\n%s", err, document)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the stream folds into\n%v\nthe document says\n%v\nstream:\n%s", got, want, stream)
	}
}

func TestHeaders(t *testing.T) {
	for stream, want := range map[bool]string{true: "text/event-stream; charset=utf-8", false: "application/json"} {
		enc := New().Encoder(&conversation.Request{Stream: stream})
		if got := enc.Headers().Get("content-type"); got != want {
			t.Errorf("stream %v: content-type = %q, want %q", stream, got, want)
		}
	}
}

// After the end nothing may follow, whatever the upstream still says.
func TestNothingAfterTheEnd(t *testing.T) {
	for _, end := range []conversation.EventKind{conversation.EventFinish, conversation.EventFailure} {
		enc := New().Encoder(&conversation.Request{Stream: true})
		enc.Encode(nil, conversation.Event{Kind: conversation.EventStart})
		enc.Encode(nil, conversation.Event{Kind: end, Finish: conversation.FinishStop})
		for kind := conversation.EventStart; kind <= conversation.EventFailure; kind++ {
			if got := enc.Encode(nil, conversation.Event{Kind: kind, Text: conversation.Quote("x")}); len(got) > 0 {
				t.Errorf("event %d after the end writes %q", kind, got)
			}
		}
		if got := enc.Ping(nil); len(got) > 0 {
			t.Errorf("a ping after the end writes %q", got)
		}
	}
}

// A document must stay JSON even if the upstream's arguments are not.
func TestBrokenArgumentsInDocument(t *testing.T) {
	document := encode(conversation.Request{Model: "m"}, []conversation.Event{
		{Kind: conversation.EventStart},
		{Kind: conversation.EventCallStart, CallID: "a", Name: "f"},
		{Kind: conversation.EventCallArgs, Args: conversation.Raw(`{"a`)},
		{Kind: conversation.EventCallEnd},
		{Kind: conversation.EventFinish, Finish: conversation.FinishStop},
	}, false)
	var msg struct {
		Content []struct {
			Input map[string]string `json:"input"`
		} `json:"content"`
	}
	if err := json.Unmarshal(document, &msg); err != nil {
		t.Fatalf("%v in %s", err, document)
	}
	if got := msg.Content[0].Input["__unparsedToolInput"]; got != `{"a` {
		t.Errorf("input = %v, want the broken text in an object", msg.Content[0].Input)
	}
}
