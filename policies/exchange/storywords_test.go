package exchange

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/story"
)

// The story has words for whatever the record may have: why a model stopped, how it
// ended that an attempt was sent twice, and why a memory could not be read.
func TestStoryKnowsTheWordsOfRecords(t *testing.T) {
	tell := func(change func(*record.Request)) string {
		r := record.Request{Outcome: "passed", Tried: 1, Attempts: []record.Attempt{{Number: 1, Backend: "a", Verdict: "pass", Reason: "ok"}}}
		change(&r)
		var b strings.Builder
		for _, s := range story.Tell(&r) {
			b.WriteString(s.Text + "\n")
		}
		return b.String()
	}
	words := 0
	for _, word := range finishWords {
		if word == "" {
			continue
		}
		words++
		if told := tell(func(r *record.Request) { r.StopReason = word }); !strings.Contains(told, "the answer was complete: ") {
			t.Errorf("no words for the stop reason %s: %s", word, told)
		}
	}
	if words < 5 {
		t.Errorf("only %d stop reasons", words)
	}
	for _, word := range []string{hedgeSent, hedgeWon, hedgeLost} { // the others were sent once
		if told := tell(func(r *record.Request) { r.Attempts[0].Hedged = word }); !strings.Contains(told, "was sent twice: ") {
			t.Errorf("no words for what came of sending twice, %s: %s", word, told)
		}
	}
	for _, word := range []string{"other_key", "unreadable", "other_tenant", "other_id"} {
		if told := tell(func(r *record.Request) { r.Attempts[0].Memory = word }); !strings.Contains(told, "could not read the memory of earlier attempts: ") {
			t.Errorf("no words for a memory that was %s: %s", word, told)
		}
	}
}
