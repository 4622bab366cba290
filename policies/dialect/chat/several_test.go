package chat

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

// Interleaved answers are separated by their index; the reply has one id, one
// usage and one end.
func TestSeveralAnswers(t *testing.T) {
	usage := conversation.Usage{Known: true, Input: 3, Output: 8}
	text := func(which int, s string) conversation.Event {
		return conversation.Event{Kind: conversation.EventText, Candidate: which, Text: conversation.Quote(s)}
	}
	finish := func(which int, more bool) conversation.Event {
		return conversation.Event{Kind: conversation.EventFinish, Candidate: which, Finish: conversation.FinishStop, More: more, Usage: usage}
	}
	start := conversation.Event{Kind: conversation.EventStart, ID: "r1"}
	call := []conversation.Event{
		{Kind: conversation.EventCallStart, Candidate: 1, CallID: "c", Name: "f", Carrier: "gs1.a.b.c"},
		{Kind: conversation.EventCallArgs, Candidate: 1, Args: conversation.Raw(`{"x":1}`)}, {Kind: conversation.EventCallEnd, Candidate: 1},
	}
	for _, c := range []struct {
		name   string
		events []conversation.Event
		want   []string // what each answer says; calls as name and arguments
		fault  string   // of the error that ends the reply
	}{
		{"mixed", append([]conversation.Event{start, text(1, "One."), text(0, "Ze"), text(0, "ro.")}, append(call, finish(0, true), finish(1, false))...), []string{"Zero.", `One.f{"x":1}`}, ""},
		{"the first ends last", []conversation.Event{start, text(0, "Zero."), text(1, "One."), finish(1, true), text(0, " On."), finish(0, false)}, []string{"Zero. On.", "One."}, ""},
		{"fewer than asked for", []conversation.Event{start, text(0, "Zero."), finish(0, true), finish(0, false)}, []string{"Zero."}, ""},
		{"no start", []conversation.Event{text(1, "One."), text(0, "Zero."), finish(0, true), finish(1, false)}, []string{"Zero.", "One."}, ""},
		{"a failure after the first has ended", []conversation.Event{start, text(0, "Zero."), text(1, "On"), finish(0, true),
			{Kind: conversation.EventFailure, Err: &conversation.Error{Kind: conversation.ErrAPI, Message: "gone"}}, finish(1, false)}, nil, "gone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := decode(`"n":2,"stream_options":{"include_usage":true}`)
			if err != nil || req.Limits.Candidates != 2 {
				t.Fatalf("%v, %+v", err, req)
			}
			for _, stream := range []bool{true, false} {
				req.Stream = stream
				said := map[int]string{}
				var ids, ends, usages int
				fault := ""
				check(t, encode(t, *req, c.events, stream), stream, func(doc reply) {
					fault += doc.Error.Message
					if doc.ID == "chatcmpl-r1" || c.events[0].Kind != conversation.EventStart && doc.ID != "" {
						ids++
					}
					if doc.Usage != nil {
						usages++
					}
					for _, choice := range doc.Choices {
						for _, m := range []saidMessage{choice.Message, choice.Delta} {
							said[choice.Index] += m.Content
							for _, call := range m.ToolCalls {
								said[choice.Index] += call.Function.Name + call.Function.Arguments
							}
						}
						if choice.FinishReason != "" {
							ends++
						}
					}
				})
				if fault != c.fault {
					t.Errorf("error %q, want %q", fault, c.fault)
				}
				if c.fault != "" {
					continue
				}
				for i, want := range c.want {
					if said[i] != want {
						t.Errorf("stream %v: answer %d says %q, want %q", stream, i, said[i], want)
					}
				}
				if len(said) != len(c.want) || ends != len(c.want) || usages != 1 || ids == 0 {
					t.Errorf("stream %v: %d answers, %d ends, %d usages, %d ids", stream, len(said), ends, usages, ids)
				}
			}
		})
	}
}

type saidMessage struct {
	Content   string
	ToolCalls []struct {
		Function struct{ Name, Arguments string }
	} `json:"tool_calls"`
}

// reply is a document, or a chunk of a stream.
type reply struct {
	ID      string
	Choices []struct {
		Index          int
		Message, Delta saidMessage
		FinishReason   string `json:"finish_reason"`
	}
	Usage *struct{}
	Error struct{ Message string }
}

// check reads a reply. A stream that is whole ends with [DONE], once.
func check(t *testing.T, text string, stream bool, each func(reply)) {
	t.Helper()
	parts := []string{text}
	if stream {
		parts = strings.Split(strings.TrimSuffix(text, "\n\n"), "\n\n")
		if last := len(parts) - 1; parts[last] == "data: [DONE]" {
			parts = parts[:last]
		} else if !strings.Contains(parts[last], `"error"`) {
			t.Errorf("the stream does not end: %s", text)
		}
	}
	for _, p := range parts {
		var doc reply
		if err := json.Unmarshal([]byte(strings.TrimPrefix(p, "data: ")), &doc); err != nil {
			t.Fatalf("%v in %s", err, p)
		}
		each(doc)
	}
}

func TestSeveralAnswersArePinged(t *testing.T) {
	enc := predictable().Encoder(&conversation.Request{Stream: true, Limits: conversation.Limits{Candidates: 2}})
	if got := enc.Ping(nil); len(got) > 0 {
		t.Errorf("before the start: %s", got)
	}
	enc.Encode(nil, conversation.Event{Kind: conversation.EventStart})
	enc.Encode(nil, conversation.Event{Kind: conversation.EventFinish, Finish: conversation.FinishStop, More: true})
	enc.Encode(nil, conversation.Event{Kind: conversation.EventText, Candidate: 1, Text: conversation.Quote("a")})
	if got := string(enc.Ping(nil)); !strings.Contains(got, `"index":1,"delta":{}`) {
		t.Errorf("ping %q", got)
	}
}

var _ dialect.Encoder = (*several)(nil)
