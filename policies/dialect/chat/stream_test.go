package chat

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
	"github.com/heald-proxy/heald/test/fixture"
)

// predictable returns a dialect whose ids and times repeat from run to run.
func predictable() *Dialect {
	d := New(Config{Now: func() time.Time { return time.Unix(1_760_000_000, 0) }})
	d.random = dialecttest.Random()
	return d
}

// encode plays events to an encoder for req, streaming or not.
func encode(t *testing.T, req conversation.Request, events []conversation.Event, stream bool) string {
	t.Helper()
	return string(dialecttest.Reply(t, predictable(), req, events, stream))
}

func TestStreams(t *testing.T) {
	for _, c := range fixture.Load(t, "testdata/stream") {
		t.Run(c.Name, func(t *testing.T) {
			req, err := New(Config{}).Decode(dialect.Route{}, nil, c.File("request.json"))
			if err != nil {
				t.Fatalf("request.json: %v", err)
			}
			events := dialecttest.Script(t, c.File("events.json"))
			stream := encode(t, *req, events, true)
			document := encode(t, *req, events, false)
			fixture.Diff(t, c.Path("client.sse"), c.File("client.sse"), []byte(stream))
			fixture.Diff(t, c.Path("client.json"), c.File("client.json"), []byte(document))
			agree(t, req, stream, document)

			fine := dialecttest.Finer(events)
			agree(t, req, encode(t, *req, fine, true), document)
			fixture.Diff(t, c.Path("client.json"), c.File("client.json"), []byte(encode(t, *req, fine, false)))

			noisy := string(dialecttest.Pinged(predictable(), *req, events))
			if quiet := keepAlive.ReplaceAllString(noisy, ""); quiet == noisy || quiet != stream {
				t.Errorf("pings change the stream:\n%s\nwant\n%s", noisy, stream)
			}
		})
	}
}

// keepAlive is a chunk that adds nothing.
var keepAlive = regexp.MustCompile(`data: \{"id":"[^"]*","object":"chat.completion.chunk","created":\d+,"model":"[^"]*",` +
	`"choices":\[\{"index":0,"delta":\{\},"logprobs":null,"finish_reason":null\}\](,"usage":null)?\}\n\n`)

// agree fails the test unless stream is grammatical and folds into document.
func agree(t *testing.T, req *conversation.Request, stream, document string) {
	t.Helper()
	own, _ := req.Own.(own)
	if err := checkGrammar(stream, true, own.usage); err != nil {
		t.Fatalf("%v in\n%s", err, stream)
	}
	got, err := foldStream(stream)
	if err != nil {
		t.Fatalf("%v in\n%s", err, stream)
	}
	var want object
	if err := json.Unmarshal([]byte(document), &want); err != nil {
		t.Fatalf("the document is not JSON: %v\n%s", err, document)
	}
	if got["usage"] == nil {
		delete(want, "usage") // not asked for in the stream
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the stream folds into\n%v\nthe document says\n%v\nstream:\n%s", got, want, stream)
	}
}

func TestEncoder(t *testing.T) { dialecttest.CheckEncoder(t, New(Config{})) }

func TestBareCallIDs(t *testing.T) {
	for bare, want := range map[bool]string{false: "a__thought__Z3MxLmEuYi5j", true: "a"} {
		d := New(Config{BareCallIDs: bare})
		enc := d.Encoder(&conversation.Request{Model: "m", Stream: true})
		enc.Encode(nil, conversation.Event{Kind: conversation.EventStart})
		got := string(enc.Encode(nil, conversation.Event{Kind: conversation.EventCallStart, CallID: "a", Name: "f", Carrier: "gs1.a.b.c"}))
		if !strings.Contains(got, `"id":"`+want+`"`) || !strings.Contains(got, `"thought_signature":"gs1.a.b.c"`) {
			t.Errorf("bare %v: %s, want id %s and the carrier", bare, got, want)
		}
	}
}
