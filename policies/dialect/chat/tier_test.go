package chat

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// A stream says its tier in every chunk if it is known from the start, else with
// the usage.
func TestServedTier(t *testing.T) {
	usage := conversation.Usage{Known: true, Input: 1, Output: 1, Tier: "standard"}
	for _, c := range []struct {
		name  string
		start conversation.Usage
		want  int // of the four chunks
	}{{"from the start", usage, 4}, {"at the end", conversation.Usage{}, 1}} {
		events := []conversation.Event{
			{Kind: conversation.EventStart, ID: "r1", Usage: c.start},
			{Kind: conversation.EventText, Text: conversation.Quote("a")},
			{Kind: conversation.EventFinish, Finish: conversation.FinishStop, Usage: usage},
		}
		req, err := decode(`"stream_options":{"include_usage":true}`)
		if err != nil {
			t.Fatal(err)
		}
		req.Stream = true
		stream, document := encode(t, *req, events, true), encode(t, *req, events, false)
		if got := strings.Count(stream, `"service_tier":"default"`); got != c.want {
			t.Errorf("%s: %d times in\n%s", c.name, got, stream)
		}
		check(t, stream, true, func(reply) {})
		if got := strings.Count(document, `"service_tier":"default"`); got != 1 {
			t.Errorf("%s: %s", c.name, document)
		}
	}
}
