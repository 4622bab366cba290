package responses

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
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
	src := rand.NewChaCha8([32]byte{})
	return &Dialect{
		now:    func() time.Time { return time.Unix(1_780_000_000, 0) },
		random: func(b []byte) { _, _ = src.Read(b) },
	}
}

// encode plays events to an encoder for req, streaming or not.
func encode(req conversation.Request, events []conversation.Event, stream bool) []byte {
	req.Stream = stream
	enc := predictable().Encoder(&req)
	var out []byte
	for _, ev := range events {
		piece := enc.Encode(nil, ev)
		if !stream && len(piece) > 0 && ev.Kind != conversation.EventFinish && ev.Kind != conversation.EventFailure {
			panic("a document was written before the end")
		}
		out = append(out, piece...)
	}
	return out
}

// pings plays events with a keep-alive after each.
func pings(req conversation.Request, events []conversation.Event) string {
	req.Stream = true
	enc := predictable().Encoder(&req)
	out := enc.Ping(nil)
	for _, ev := range events {
		out = enc.Ping(enc.Encode(out, ev))
	}
	return string(out)
}

func TestStreams(t *testing.T) {
	for _, c := range fixture.Load(t, "testdata/stream") {
		t.Run(c.Name, func(t *testing.T) {
			req, err := New().Decode(dialect.Route{}, nil, c.File("request.json"))
			if err != nil {
				t.Fatalf("request.json: %v", err)
			}
			events := dialecttest.Script(t, c.File("events.json"))
			stream := encode(*req, events, true)
			document := encode(*req, events, false)
			fixture.Diff(t, c.Path("client.sse"), c.File("client.sse"), stream)
			fixture.Diff(t, c.Path("client.json"), c.File("client.json"), document)
			agree(t, string(stream), document)

			fine := dialecttest.Finer(events)
			agree(t, string(encode(*req, fine, true)), document)

			noisy := pings(*req, events)
			if got := strings.ReplaceAll(noisy, ": keep-alive\n\n", ""); got != string(stream) {
				t.Errorf("pings change the stream:\n%s\nwant\n%s", got, stream)
			}
		})
	}
}

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

func TestHeaders(t *testing.T) {
	for stream, want := range map[bool]string{true: "text/event-stream; charset=utf-8", false: "application/json"} {
		enc := New().Encoder(&conversation.Request{Stream: stream})
		if got := enc.Headers().Get("content-type"); got != want {
			t.Errorf("stream %v: content-type = %q, want %q", stream, got, want)
		}
	}
}

// After the end nothing may follow, whatever the upstream still says.
func TestNothingFollowsTheEnd(t *testing.T) {
	for _, end := range []conversation.Event{
		{Kind: conversation.EventFinish, Finish: conversation.FinishStop},
		{Kind: conversation.EventFailure},
	} {
		enc := predictable().Encoder(&conversation.Request{Stream: true})
		enc.Encode(nil, end)
		for kind := conversation.EventStart; kind <= conversation.EventFailure; kind++ {
			if out := enc.Ping(enc.Encode(nil, conversation.Event{Kind: kind, Text: conversation.Quote("x")})); len(out) > 0 {
				t.Errorf("event %d after the end gives %s", kind, out)
			}
		}
	}
}

// Codex decides by the code, and waits as long as the message says.
func TestFailureCodes(t *testing.T) {
	tests := []struct {
		err           conversation.Error
		code, message string
	}{
		{conversation.Error{Kind: conversation.ErrContext}, "context_length_exceeded", "The messages exceed this model's maximum context length."},
		{conversation.Error{Kind: conversation.ErrQuota, Message: "m"}, "insufficient_quota", "m"},
		{conversation.Error{Kind: conversation.ErrRateLimit, Message: "Slow down.", RetryAfter: 12}, "rate_limit_exceeded", "Slow down. Please try again in 12s."},
		{conversation.Error{Kind: conversation.ErrOverloaded, Message: "m"}, "server_is_overloaded", "m"},
		{conversation.Error{Kind: conversation.ErrInvalid, Message: "m"}, "invalid_prompt", "m"},
		{conversation.Error{Kind: conversation.ErrTimeout, Message: "m"}, "server_error", "m"},
	}
	for _, tt := range tests {
		events := []conversation.Event{{Kind: conversation.EventFailure, Err: &tt.err}}
		r, err := checkGrammar(string(encode(conversation.Request{}, events, true)), true)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := r["error"], map[string]any{"code": tt.code, "message": tt.message}; !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}
