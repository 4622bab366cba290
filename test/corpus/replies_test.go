package main

import (
	"reflect"
	"strings"
	"testing"
)

// upstream is a reply with everything that the folds below must agree on.
const upstream = "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"why\",\"thought\": true},{\"text\": \"a\"}]}}]}\r\n\r\n" +
	": comment\r\n\r\n" +
	"data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"b\"},{\"functionCall\": {\"name\": \"f\",\"args\": {\"x\": 1}}}]},\"finishReason\": \"STOP\"}]," +
	"\"usageMetadata\": {\"promptTokenCount\": 5,\"cachedContentTokenCount\": 2,\"candidatesTokenCount\": 3,\"thoughtsTokenCount\": 4,\"totalTokenCount\": 12}}\r\n\r\n"

func TestFoldGemini(t *testing.T) {
	got, err := foldGemini([]byte(upstream))
	want := &answer{texts: []string{"a", "b"}, thoughts: "why", calls: []reply{{name: "f", args: `{"x":1}`}}, finish: called, usage: usage{5, 2, 7, 4}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := foldGemini([]byte("data: {\"candidates\": [\r\n\r\n")); err == nil {
		t.Errorf("half an event is %+v", got)
	}
}

// lines makes a stream of the data of events; those of the first two APIs name
// themselves.
func lines(named bool, data ...string) []byte {
	var b strings.Builder
	for _, d := range data {
		if v, err := parse([]byte(d)); named && err == nil {
			b.WriteString("event: " + v.get("type").str() + "\n")
		}
		b.WriteString("data: " + d + "\n\n")
	}
	return []byte(b.String())
}

var claudeLines = []string{
	`{"type":"message_start","message":{"id":"m","role":"assistant"}}`,
	`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`,
	`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"ab"}}`,
	`{"type":"content_block_stop","index":0}`,
	`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}`,
	`{"type":"message_stop"}`,
}

var chatLines = []string{
	`{"id":"c","object":"chat.completion.chunk","choices":[{"delta":{"role":"assistant","content":"ab"}}]}`,
	`{"id":"c","object":"chat.completion.chunk","choices":[{"delta":{},"finish_reason":"stop"}]}`,
	`{"id":"c","object":"chat.completion.chunk","choices":[],"usage":{"completion_tokens":1}}`,
	`[DONE]`,
}

var responsesLines = []string{
	`{"type":"response.created","sequence_number":0,"response":{"id":"r"}}`,
	`{"type":"response.in_progress","sequence_number":1,"response":{"id":"r"}}`,
	`{"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{"id":"i","type":"message"}}`,
	`{"type":"response.output_text.delta","sequence_number":3,"item_id":"i","delta":"ab"}`,
	`{"type":"response.output_text.done","sequence_number":4,"item_id":"i","text":"ab"}`,
	`{"type":"response.output_item.done","sequence_number":5,"output_index":0,"item":{"id":"i","type":"message","content":[{"type":"output_text","text":"ab"}]}}`,
	`{"type":"response.completed","sequence_number":6,"response":{"id":"r","object":"response","status":"completed","output":[{"id":"i","type":"message","content":[{"type":"output_text","text":"ab"}]}],"usage":{"output_tokens":1}}}`,
}

// Every event is needed, once and in its place: without one, with one twice,
// or with two exchanged, a stream must not pass for right.
func TestStreamsAreHeldToTheirGrammar(t *testing.T) {
	want := &answer{texts: []string{"ab"}, finish: stopped, usage: usage{output: 1}}
	for name, c := range map[string]struct {
		named bool
		data  []string
		read  func([]byte) (*answer, error)
	}{
		"claude":    {true, claudeLines, streamClaude},
		"chat":      {false, chatLines, streamChat},
		"responses": {true, responsesLines, streamResponses},
	} {
		right := func(data []string) bool {
			got, err := c.read(lines(c.named, data...))
			return err == nil && len(differ(want, got)) == 0
		}
		if !right(c.data) {
			got, err := c.read(lines(c.named, c.data...))
			t.Errorf("%s: the stream is right, got %+v, %v", name, got, err)
		}
		for i := range c.data {
			without := append(append([]string{}, c.data[:i]...), c.data[i+1:]...)
			twice := append(append([]string{}, c.data[:i+1]...), c.data[i:]...)
			if right(without) {
				t.Errorf("%s: right without event %d", name, i)
			}
			if right(twice) {
				t.Errorf("%s: right with event %d twice", name, i)
			}
			if i+1 < len(c.data) {
				swapped := append([]string{}, c.data...)
				swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
				if right(swapped) {
					t.Errorf("%s: right with events %d and %d exchanged", name, i, i+1)
				}
			}
		}
	}
}

func TestEventsAreWhole(t *testing.T) {
	for _, bad := range []string{"data: {}\n", "data: {}\r\n\r\n", "data:{}\n\n", "data: {}\ndata: {}\n\n", "nonsense\n\n"} {
		if got, err := events([]byte(bad)); err == nil {
			t.Errorf("%q: got %v", bad, got)
		}
	}
}
