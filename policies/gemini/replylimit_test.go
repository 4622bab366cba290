package gemini

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies/conversation"
)

// again is n times a unit, as elements of a list.
func again(unit string, n int) string { return strings.TrimSuffix(strings.Repeat(unit+",", n), ",") }

// decodeAll decodes frames until one is an error, and counts the events.
func decodeAll(d *Decoder, frames ...string) (events int, err error) {
	var buf []conversation.Event
	for _, f := range frames {
		if buf, _, err = d.Each(buf, []byte(f), func(some []conversation.Event) { events += len(some) }); err != nil {
			return events, err
		}
	}
	return events, nil
}

const aCall = `{"functionCall":{"name":"f"}}`

// The entries of one frame are bounded, over all candidates, responses and
// calls.
func TestFrameLimits(t *testing.T) {
	candidate := func(list string) string { return `{"candidates":[{"content":{"parts":[` + list + `]}}]}` }
	for _, c := range []struct {
		name  string
		limit int
		frame func(n int) string
	}{
		{"texts", maxFrameParts, func(n int) string { return candidate(again(`{"text":"a"}`, n)) }},
		{"thoughts", maxFrameParts, func(n int) string { return candidate(again(`{"thought":true,"text":"a"}`, n)) }},
		{"texts and thoughts", maxBlocks, func(n int) string {
			return candidate(strings.TrimPrefix(again(`{"text":"a"},{"thought":true,"text":"b"}`, n/2)+strings.Repeat(`,{"text":"a"}`, n%2), ","))
		}},
		{"calls", maxCalls, func(n int) string { return candidate(again(aCall, n)) }},
		{"signed calls", maxCalls, func(n int) string {
			return candidate(again(`{"functionCall":{"name":"f"},"thoughtSignature":"QUJD"}`, n))
		}},
		{"media", maxBlocks, func(n int) string {
			return candidate(again(`{"inlineData":{"mimeType":"image/png","data":"AAAA"}}`, n))
		}},
		{"signatures", maxBlocks, func(n int) string { return candidate(again(`{"thoughtSignature":"QUJD"}`, n)) }},
		{"parts {}", maxFrameParts, func(n int) string { return candidate(again(`{}`, n)) }},
		{"parts null", maxFrameParts, func(n int) string { return candidate(again(`null`, n)) }},
		{"pieces of arguments", maxFrameParts - 1, func(n int) string {
			return candidate(`{"functionCall":{"name":"f","partialArgs":[` + again(`{}`, n) + `]}}`)
		}},
		{"several candidates", maxFrameParts, func(n int) string {
			return `{"candidates":[{"content":{"parts":[` + again(`{"text":"a"}`, n/2) + `]}},{"index":1,"content":{"parts":[` + again(`{"text":"b"}`, n-n/2) + `]}}]}`
		}},
		{"a candidate that nobody asked for", maxFrameParts - 1, func(n int) string {
			return `{"candidates":[{"index":7,"content":{"parts":[` + again(`{"text":"a"}`, n) + `]}}]}`
		}},
		{"candidates {}", maxFrameParts + 1, func(n int) string { return `{"candidates":[` + again(`{}`, n) + `]}` }},
		{"responses", maxFrameParts, func(n int) string { return `[` + again(candidate(`{"text":"a"}`), n) + `]` }},
		{"responses of log probabilities", maxFrameParts, func(n int) string { return `[` + again(`{"candidates":[{"logprobsResult":{}}]}`, n) + `]` }},
		{"members", maxMembers, func(n int) string { return `{` + again(`"u":0`, n) + `}` }},
		{"members of a candidate", maxMembers, func(n int) string { return `{"candidates":[{` + again(`"u":0`, n) + `}]}` }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := decodeAll(NewDecoderOf(Expect{Candidates: 2}), c.frame(c.limit)); err != nil {
				t.Errorf("%d: %v", c.limit, err)
			}
			events, err := decodeAll(NewDecoderOf(Expect{Candidates: 2}), c.frame(c.limit+1))
			if err == nil || !strings.Contains(err.Error(), "more than ") || events > 3*maxFrameParts {
				t.Errorf("%d: %v, %d events", c.limit+1, err, events)
			}
		})
	}
}

// An answer of many small frames ends at what it holds, not at how often its
// text was cut.
func TestAnswerLimits(t *testing.T) {
	for _, c := range []struct {
		name   string
		frames []string
		most   int // pairs of frames; 0 for any number
	}{
		{"text", []string{parts(`{"text":"a"}`), parts(`{"text":"b"}`)}, 0},
		{"signed text", []string{parts(`{"text":"a"}`), parts(`{"text":"b","thoughtSignature":"QUJD"}`)}, maxBlocks},
		{"text and thoughts", []string{parts(`{"text":"a"}`), parts(`{"thought":true,"text":"b"}`)}, maxBlocks / 2},
		{"calls", []string{parts(aCall), parts(aCall)}, maxCalls / 2},
		{"calls and counts", []string{parts(aCall), `{"usageMetadata":{"promptTokenCount":3}}`}, maxCalls},
		{"signatures", []string{parts(`{"thoughtSignature":"QUJD"}`), parts(`{"text":""}`)}, maxBlocks},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, n, err := NewDecoderOf(Expect{}), 0, error(nil)
			for ; err == nil && n < 40_000; n++ {
				_, err = decodeAll(d, c.frames...)
			}
			if (err != nil) != (c.most != 0) || c.most != 0 && n != c.most+1 {
				t.Errorf("ended at pair %d with %v, want %d", n, err, c.most+1)
			}
		})
	}
}

// Each gives the events of Frame, a few at a time.
func TestEach(t *testing.T) {
	mixed := again(`{"text":"a"},`+aCall+`,{"thought":true,"text":"b","thoughtSignature":"QUJD"}`, 500)
	frame := `[{"candidates":[{"content":{"parts":[` + mixed + `]},"logprobsResult":{"a":1}},{"index":1,"content":{"parts":[` + mixed + `]}}]},` +
		`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"g","args":{"a":1}}}]},"logprobsResult":{"a":2},"finishReason":"STOP"}]}]`
	told := func(ev conversation.Event) string { return fmt.Sprint(word(ev), string(ev.Logprobs)) }
	var want, got []string
	events, _, err := NewDecoderOf(Expect{Candidates: 2}).Frame(nil, []byte(frame))
	if err != nil {
		t.Fatal(err)
	}
	for _, ev := range events {
		want = append(want, told(ev))
	}
	times := 0
	buf, _, err := NewDecoderOf(Expect{Candidates: 2}).Each(nil, []byte(frame), func(some []conversation.Event) {
		if times++; len(some) > maxEvents+5 {
			t.Errorf("%d events at once", len(some))
		}
		for _, ev := range some {
			got = append(got, told(ev))
		}
	})
	if err != nil || times < len(want)/(maxEvents+5) || cap(buf) > 4*maxEvents {
		t.Errorf("%v, %d times, room for %d is kept", err, times, cap(buf))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The memory of an unusual frame is not kept for the rest of the stream.
func TestLargeFrameIsLetGo(t *testing.T) {
	d := NewDecoderOf(Expect{})
	if _, err := decodeAll(d, parts(again(`{"text":"a"}`, maxFrameParts))); err != nil || cap(d.frame.parts) > keptParts {
		t.Errorf("%v, room for %d parts is kept", err, cap(d.frame.parts))
	}
}
