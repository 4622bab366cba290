package heal

import (
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/internal/movetest"
)

// The drawing in sealing.go, as rows: every move that is not here is refused.
func TestSealMoves(t *testing.T) {
	drawn := map[sealing][]sealing{
		between:    {inThoughts, inText, inCall},
		inThoughts: {inText, between},
		inText:     {inThoughts, between},
		inCall:     {between},
	}
	movetest.Check(t, len(sealMoves), drawn, func(from sealing) (*sealing, func(sealing)) {
		s := &Sealer{state: from}
		return &s.state, s.move
	})
}

// Whatever the order of events, all moves are drawn, and no event is lost; only
// the pieces of a signed call's arguments become one.
func TestSealMovesInAnyOrder(t *testing.T) {
	count := func(events []conversation.Event) (others int) {
		for _, ev := range events {
			if ev.Kind != conversation.EventCallArgs {
				others++
			}
		}
		return others
	}
	for n := range 1 << 12 {
		var events []conversation.Event
		for i := range 3 {
			events = append(events, conversation.Event{
				Kind: conversation.EventKind(n >> (4 * i) & 15), Text: conversation.Quote("x"), Args: conversation.Raw("{}"), Signature: "c2ln",
			})
		}
		events = append(events, conversation.Event{Kind: conversation.EventFinish})
		if got := NewSealer(carriers("t", "b", "m")).Seal(nil, events); count(got) != count(events) {
			t.Fatalf("%v became %v", events, got)
		}
	}
}
