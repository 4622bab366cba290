package heal

import (
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestPeek(t *testing.T) {
	for _, c := range []struct {
		name   string
		in     Glimpse
		stream Look
		whole  Look
		reason string // of the bad look
	}{
		{"nothing yet", Glimpse{}, LookOn, LookOn, ""},
		{"heartbeats only", Glimpse{Held: 10}, LookOn, LookOn, ""},
		{"more than is held", Glimpse{Held: 101}, LookGood, LookOn, ""},
		{"content", Glimpse{Content: true}, LookGood, LookOn, ""},
		{"content and stop", Glimpse{Content: true, Finish: conversation.FinishStop}, LookGood, LookOn, ""},
		{"content, stop, end", Glimpse{Content: true, Answer: true, Finish: conversation.FinishStop, Ended: true}, LookGood, LookGood, ""},
		{"content, end without finish", Glimpse{Content: true, Ended: true}, LookGood, LookBad, ReasonPeekTruncated},
		{"end of an empty reply", Glimpse{Ended: true}, LookBad, LookBad, ReasonPeekEOF},
		{"HTML", Glimpse{Ended: true, Stray: true}, LookBad, LookBad, ReasonPeekGarbage},
		// Content may follow a finish.
		{"stop without parts", Glimpse{Finish: conversation.FinishStop}, LookOn, LookOn, ""},
		{"stop without parts, end", Glimpse{Finish: conversation.FinishStop, Ended: true}, LookBad, LookBad, ReasonPeekNoContent},
		{"stop without parts, more than is held", Glimpse{Finish: conversation.FinishStop, Held: 101}, LookGood, LookOn, ""},
		{"other without parts", Glimpse{Finish: conversation.FinishOther}, LookOn, LookOn, ""},
		{"other without parts, end", Glimpse{Finish: conversation.FinishOther, Ended: true}, LookBad, LookBad, ReasonPeekNoContent},
		{"thoughts, stop, end", Glimpse{Content: true, Finish: conversation.FinishStop, Ended: true}, LookGood, LookBad, ReasonPeekThoughts},
		{"thoughts, stop, end, again", Glimpse{Content: true, Finish: conversation.FinishStop, Ended: true, Again: true}, LookGood, LookGood, ""},
		{"thoughts, limit, end", Glimpse{Content: true, Finish: conversation.FinishLength, Ended: true}, LookGood, LookGood, ""},
		{"thoughts, other, end", Glimpse{Content: true, Finish: conversation.FinishOther, Ended: true}, LookGood, LookBad, ReasonPeekNoContent},
		{"thoughts, end without finish, again", Glimpse{Content: true, Ended: true, Again: true}, LookGood, LookBad, ReasonPeekTruncated},
		{"thoughts ate the limit", Glimpse{Finish: conversation.FinishLength}, LookGood, LookOn, ""},
		{"thoughts ate the limit, end", Glimpse{Finish: conversation.FinishLength, Ended: true}, LookGood, LookGood, ""},
		{"the window is full", Glimpse{Finish: conversation.FinishWindow, Ended: true}, LookGood, LookGood, ""},
		{"a pause", Glimpse{Finish: conversation.FinishPause, Ended: true}, LookGood, LookGood, ""},
		{"as much as is held", Glimpse{Held: 100}, LookOn, LookOn, ""},
		{"refusal", Glimpse{Finish: conversation.FinishRefused}, LookGood, LookOn, ""},
		{"refusal, end", Glimpse{Finish: conversation.FinishRefused, Ended: true}, LookGood, LookGood, ""},
		{"prompt blocked", Glimpse{Finish: conversation.FinishBlocked, Ended: true}, LookGood, LookGood, ""},
		{"malformed call", Glimpse{Finish: conversation.FinishMalformed}, LookOn, LookOn, ""},
		{"malformed call, end", Glimpse{Finish: conversation.FinishMalformed, Ended: true}, LookBad, LookBad, ReasonPeekMalformed},
		{"signature missing, end", Glimpse{Finish: conversation.FinishSignature, Ended: true}, LookBad, LookBad, ReasonSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			look, reason := Peek(c.in, 100)
			if look != c.stream || (look == LookBad && reason != c.reason) {
				t.Errorf("stream: %v %s, want %v %s", look, reason, c.stream, c.reason)
			}
			look, reason = PeekWhole(c.in)
			if look != c.whole || (look == LookBad && reason != c.reason) {
				t.Errorf("whole: %v %s, want %v %s", look, reason, c.whole, c.reason)
			}
		})
	}
}

// Part of a document cannot be taken back, so a malformed call after text can
// still be retried only while nothing has gone out.
func TestPeekMalformedAfterContent(t *testing.T) {
	g := Glimpse{Content: true, Answer: true, Finish: conversation.FinishMalformed, Ended: true}
	if look, _ := Peek(g, 100); look != LookGood {
		t.Errorf("stream: %v", look)
	}
	if look, reason := PeekWhole(g); look != LookBad || reason != ReasonPeekMalformed {
		t.Errorf("whole: %v %s", look, reason)
	}
}
