package dialect_test

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/chat"
	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/dialect/completions"
	"github.com/heald-proxy/heald/policies/dialect/images"
	"github.com/heald-proxy/heald/policies/dialect/native"
	"github.com/heald-proxy/heald/policies/dialect/responses"
	"github.com/heald-proxy/heald/policies/dialect/transcriptions"
)

// TestErrors records how each dialect encodes every kind of error, as a reply
// and within a stream:
//
//	go test ./policies/dialect -run TestErrors -update
func TestErrors(t *testing.T) {
	const path = "testdata/errors.txt"
	var b bytes.Buffer
	for _, d := range []dialect.Dialect{chat.New(chat.Config{}), claude.New(), native.New(), responses.New(), completions.New(), transcriptions.New(), images.New()} {
		for kind := range conversation.ErrorKind(conversation.ErrorKinds) + 1 { // and one that is none
			for _, e := range []conversation.Error{
				{},
				{Message: "what is wrong", Param: "messages[0]", RequestID: "req_1"},
				{Message: "what is wrong", RetryAfter: 7, NoRetry: true},
				{Status: 418, Used: 20, Limit: 10},
			} {
				e.Kind = kind
				status, headers, body := d.Error(&e)
				fmt.Fprintf(&b, "%s, kind %d, %d %s\n", d.Name(), kind, status, body)
				for _, h := range headers {
					fmt.Fprintf(&b, "\t%s: %s\n", h.Name, h.Value)
				}
				if e.RequestID != "" { // once is enough
					enc := d.Encoder(&conversation.Request{Model: "m", Stream: true})
					fmt.Fprintf(&b, "\tin a stream: %q\n", masked(enc.Encode(nil, conversation.Event{Kind: conversation.EventFailure, Err: &e})))
				}
			}
		}
	}
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil { //nolint:gosec // a document for everybody
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s: %s", path, diff)
	}
}

var random = regexp.MustCompile(`((?:resp|msg|rs|fc|call|toolu|chatcmpl)[_-])[A-Za-z0-9]+|("(?:created|created_at|completed_at)":)\d+`)

// masked takes out what is another each time: ids and times.
func masked(b []byte) []byte { return random.ReplaceAll(b, []byte("${1}${2}X")) }

// That at most one call is wanted changes nothing but further calls, and what
// was thought of them.
func TestOneCall(t *testing.T) {
	said := func(kind conversation.EventKind, text string) conversation.Event {
		return conversation.Event{Kind: kind, Text: conversation.Quote(text)}
	}
	call := []conversation.Event{{Kind: conversation.EventCallStart, CallID: "call_1", Name: "f"}, {Kind: conversation.EventCallArgs, Args: conversation.Raw("{}")}, {Kind: conversation.EventCallEnd}}
	first := slices.Concat([]conversation.Event{{Kind: conversation.EventStart}, said(conversation.EventThought, "hm"), said(conversation.EventText, "I look.")}, call)
	finish := []conversation.Event{{Kind: conversation.EventFinish, Finish: conversation.FinishStop}}
	more := slices.Concat([]conversation.Event{said(conversation.EventThought, "and")}, call)
	for _, d := range []dialect.Dialect{chat.New(chat.Config{}), claude.New(), responses.New()} {
		for _, stream := range []bool{true, false} {
			play := func(one bool, events ...[]conversation.Event) string {
				req := &conversation.Request{Model: "m", Stream: stream, OneCall: one, Thinking: conversation.Thinking{Visible: true, Carries: true}}
				enc := d.Encoder(req)
				var out []byte
				for _, ev := range slices.Concat(events...) {
					out = enc.Encode(out, ev)
				}
				return strings.ReplaceAll(string(masked(out)), `"parallel_tool_calls":false`, `"parallel_tool_calls":true`)
			}
			want := play(false, first, finish)
			if diff := cmp.Diff(want, play(true, first, finish)); diff != "" {
				t.Errorf("%s, stream %t: one call: %s", d.Name(), stream, diff)
			}
			if diff := cmp.Diff(want, play(true, first, more, finish)); diff != "" {
				t.Errorf("%s, stream %t: another call: %s", d.Name(), stream, diff)
			}
			if want == play(false, first, more, finish) {
				t.Errorf("%s, stream %t: several calls are one", d.Name(), stream)
			}
		}
	}
}

// Indexes and sequence numbers count up by one, beyond nine as well.
func TestManyItems(t *testing.T) {
	for _, c := range []struct {
		dialect dialect.Dialect
		number  *regexp.Regexp
		calls   int
	}{
		{claude.New(), regexp.MustCompile(`"content_block_start","index":(\d+)`), 15},
		{claude.New(), regexp.MustCompile(`"content_block_stop","index":(\d+)`), 15},
		{responses.New(), regexp.MustCompile(`"sequence_number":(\d+)`), 15},
		{responses.New(), regexp.MustCompile(`"type":"response.output_item.added",[^}]*"output_index":(\d+)`), 15},
		{chat.New(chat.Config{}), regexp.MustCompile(`"tool_calls":\[\{"index":(\d+),"id"`), 15},
	} {
		enc := c.dialect.Encoder(&conversation.Request{Model: "m", Stream: true})
		out := enc.Encode(nil, conversation.Event{Kind: conversation.EventStart})
		for i := range c.calls {
			out = enc.Encode(out, conversation.Event{Kind: conversation.EventCallStart, CallID: fmt.Sprint("call_", i), Name: "f"})
			out = enc.Encode(out, conversation.Event{Kind: conversation.EventCallArgs, Args: conversation.Raw(`{"a":1}`)})
			before := len(out)
			if out = enc.Encode(out, conversation.Event{Kind: conversation.EventCallEnd}); len(out) == before && c.dialect.Name() != "chat" {
				t.Errorf("%s: nothing is said at the end of a call", c.dialect.Name())
			}
		}
		out = enc.Encode(out, conversation.Event{Kind: conversation.EventFinish, Finish: conversation.FinishStop})
		found := c.number.FindAllSubmatch(out, -1)
		if len(found) < c.calls {
			t.Errorf("%s: %s is there %d times", c.dialect.Name(), c.number, len(found))
		}
		for i, m := range found {
			if want := fmt.Sprint(i); string(m[1]) != want {
				t.Errorf("%s: %s is %s, want %s", c.dialect.Name(), c.number, m[1], want)
				break
			}
		}
	}
}
