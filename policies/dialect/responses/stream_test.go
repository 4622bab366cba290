package responses

import (
	"encoding/json"
	"reflect"
	"regexp"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
	"github.com/heald-proxy/heald/test/fixture"
)

// predictable returns a dialect whose ids and times repeat from run to run.
func predictable() *Dialect {
	return &Dialect{
		now:    func() time.Time { return time.Unix(1_780_000_000, 0) },
		random: dialecttest.Random(),
	}
}

// encode plays events to an encoder for req, streaming or not.
func encode(t testing.TB, req conversation.Request, events []conversation.Event, stream bool) []byte {
	t.Helper()
	return dialecttest.Reply(t, predictable(), req, events, stream)
}

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

			noisy := string(dialecttest.Pinged(predictable(), *req, events))
			agree(t, noisy, document)
			quiet := keepalive.ReplaceAllString(noisy, "")
			if quiet == noisy || unnumbered(quiet) != unnumbered(string(stream)) {
				t.Errorf("pings change the stream:\n%s\nwant\n%s", noisy, stream)
			}
		})
	}
}

// keepalive is what a ping writes. It has a number as every event, so it moves
// those of the events behind it.
var (
	keepalive = regexp.MustCompile(`event: keepalive\ndata: \{"type":"keepalive","sequence_number":\d+\}\n\n`)
	number    = regexp.MustCompile(`"sequence_number":\d+`)
)

func unnumbered(stream string) string { return number.ReplaceAllString(stream, "") }

// agree fails the test unless stream is grammatical and ends with document.
func agree(t *testing.T, stream string, document []byte) {
	t.Helper()
	got, err := checkGrammar(stream, true)
	if err != nil {
		t.Fatalf("%v in\n%s", err, stream)
	}
	var want map[string]any
	if err := json.Unmarshal(document, &want); err != nil {
		t.Fatalf("the document is not JSON: %v\n%s", err, document)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the stream ends with\n%v\nthe document says\n%v\nstream:\n%s", got, want, stream)
	}
}

func TestEncoder(t *testing.T) { dialecttest.CheckEncoder(t, New()) }

// Codex decides by the code, and waits as long as the message says.
func TestFailureCodes(t *testing.T) {
	tests := []struct {
		err           conversation.Error
		code, message string
	}{
		{conversation.Error{Kind: conversation.ErrContext}, "context_length_exceeded", "The messages exceed this model's maximum context length."},
		{conversation.Error{Kind: conversation.ErrQuota, Message: "m"}, "insufficient_quota", "m"},
		{conversation.Error{Kind: conversation.ErrRateLimit, Message: "Slow down.", RetryAfter: 12}, "rate_limit_exceeded", "Slow down. Please try again in 12s."},
		{conversation.Error{Kind: conversation.ErrOverloaded, Message: "m"}, "server_error", "m"}, // it would end the turn at server_is_overloaded
		{conversation.Error{Kind: conversation.ErrOverloaded, Message: "m", NoRetry: true}, "server_is_overloaded", "m"},
		{conversation.Error{Kind: conversation.ErrInvalid, Message: "m"}, "invalid_prompt", "m"},
		{conversation.Error{Kind: conversation.ErrTimeout, Message: "m"}, "server_error", "m"},
	}
	for _, tt := range tests {
		events := []conversation.Event{{Kind: conversation.EventFailure, Err: &tt.err}}
		r, err := checkGrammar(string(encode(t, conversation.Request{}, events, true)), true)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := r["error"], map[string]any{"code": tt.code, "message": tt.message}; !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}
