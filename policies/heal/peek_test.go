package heal

import (
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestPeek(t *testing.T) {
	for _, c := range []struct {
		name   string
		in     Peeked
		stream PeekResult
		whole  PeekResult
		reason string // of the bad look
	}{
		{"nothing yet", Peeked{}, PeekMore, PeekMore, ""},
		{"heartbeats only", Peeked{Held: 10}, PeekMore, PeekMore, ""},
		{"more than is held", Peeked{Held: 101}, PeekGood, PeekMore, ""},
		{"content", Peeked{Content: true}, PeekGood, PeekMore, ""},
		{"content and stop", Peeked{Content: true, Finish: conversation.FinishStop}, PeekGood, PeekMore, ""},
		{"content, stop, end", Peeked{Content: true, Answer: true, Finish: conversation.FinishStop, Ended: true}, PeekGood, PeekGood, ""},
		{"content, end without finish", Peeked{Content: true, Ended: true}, PeekGood, PeekBad, ReasonPeekTruncated},
		{"end of an empty reply", Peeked{Ended: true}, PeekBad, PeekBad, ReasonPeekEOF},
		{"HTML", Peeked{Ended: true, Stray: true}, PeekBad, PeekBad, ReasonPeekGarbage},
		// Content may follow a finish.
		{"stop without parts", Peeked{Finish: conversation.FinishStop}, PeekMore, PeekMore, ""},
		{"stop without parts, end", Peeked{Finish: conversation.FinishStop, Ended: true}, PeekBad, PeekBad, ReasonPeekNoContent},
		{"stop without parts, more than is held", Peeked{Finish: conversation.FinishStop, Held: 101}, PeekGood, PeekMore, ""},
		{"other without parts", Peeked{Finish: conversation.FinishOther}, PeekMore, PeekMore, ""},
		{"other without parts, end", Peeked{Finish: conversation.FinishOther, Ended: true}, PeekBad, PeekBad, ReasonPeekNoContent},
		{"thoughts, stop, end", Peeked{Content: true, Finish: conversation.FinishStop, Ended: true}, PeekGood, PeekBad, ReasonPeekThoughts},
		{"thoughts, stop, end, again", Peeked{Content: true, Finish: conversation.FinishStop, Ended: true, Again: true}, PeekGood, PeekGood, ""},
		{"thoughts, limit, end", Peeked{Content: true, Finish: conversation.FinishLength, Ended: true}, PeekGood, PeekGood, ""},
		{"thoughts, other, end", Peeked{Content: true, Finish: conversation.FinishOther, Ended: true}, PeekGood, PeekBad, ReasonPeekNoContent},
		{"thoughts, end without finish, again", Peeked{Content: true, Ended: true, Again: true}, PeekGood, PeekBad, ReasonPeekTruncated},
		{"thoughts ate the limit", Peeked{Finish: conversation.FinishLength}, PeekGood, PeekMore, ""},
		{"thoughts ate the limit, end", Peeked{Finish: conversation.FinishLength, Ended: true}, PeekGood, PeekGood, ""},
		{"the window is full", Peeked{Finish: conversation.FinishWindow, Ended: true}, PeekGood, PeekGood, ""},
		{"a pause", Peeked{Finish: conversation.FinishPause, Ended: true}, PeekGood, PeekGood, ""},
		{"as much as is held", Peeked{Held: 100}, PeekMore, PeekMore, ""},
		{"refusal", Peeked{Finish: conversation.FinishRefused}, PeekGood, PeekMore, ""},
		{"refusal, end", Peeked{Finish: conversation.FinishRefused, Ended: true}, PeekGood, PeekGood, ""},
		{"prompt blocked", Peeked{Finish: conversation.FinishBlocked, Ended: true}, PeekGood, PeekGood, ""},
		{"malformed call", Peeked{Finish: conversation.FinishMalformed}, PeekMore, PeekMore, ""},
		{"malformed call, end", Peeked{Finish: conversation.FinishMalformed, Ended: true}, PeekBad, PeekBad, ReasonPeekMalformed},
		{"signature missing, end", Peeked{Finish: conversation.FinishSignature, Ended: true}, PeekBad, PeekBad, ReasonSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			look, reason := Peek(c.in, 100)
			if look != c.stream || (look == PeekBad && reason != c.reason) {
				t.Errorf("stream: %v %s, want %v %s", look, reason, c.stream, c.reason)
			}
			look, reason = PeekWhole(c.in)
			if look != c.whole || (look == PeekBad && reason != c.reason) {
				t.Errorf("whole: %v %s, want %v %s", look, reason, c.whole, c.reason)
			}
		})
	}
}

// Part of a document cannot be taken back, so a malformed call after text can
// still be retried only while nothing has gone out.
func TestPeekMalformedAfterContent(t *testing.T) {
	g := Peeked{Content: true, Answer: true, Finish: conversation.FinishMalformed, Ended: true}
	if look, _ := Peek(g, 100); look != PeekGood {
		t.Errorf("stream: %v", look)
	}
	if look, reason := PeekWhole(g); look != PeekBad || reason != ReasonPeekMalformed {
		t.Errorf("whole: %v %s", look, reason)
	}
}
