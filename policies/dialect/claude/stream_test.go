package claude

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
	"github.com/heald-proxy/heald/test/fixture"
)

func TestStreams(t *testing.T) {
	for _, c := range fixture.Load(t, "testdata/stream") {
		t.Run(c.Name, func(t *testing.T) {
			req, err := New().Decode(dialect.Route{}, nil, c.File("request.json"))
			if err != nil {
				t.Fatalf("request.json: %v", err)
			}
			events := dialecttest.Script(t, c.File("events.json"))
			stream := encode(t, *req, events, true)
			document := encode(t, *req, events, false)
			fixture.Diff(t, c.Path("client.sse"), c.File("client.sse"), stream)
			fixture.Diff(t, c.Path("client.json"), c.File("client.json"), document)
			agree(t, string(stream), document)

			fine := dialecttest.Finer(events)
			agree(t, string(encode(t, *req, fine, true)), document)
			fixture.Diff(t, c.Path("client.json"), c.File("client.json"), encode(t, *req, fine, false))

			noisy := string(dialecttest.Pinged(predictable(), *req, events))
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

func TestEncoder(t *testing.T) { dialecttest.CheckEncoder(t, New()) }

// A document must stay JSON even if the upstream's arguments are not.
func TestBrokenArgumentsInDocument(t *testing.T) {
	document := encode(t, conversation.Request{Model: "m"}, []conversation.Event{
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
