package completions

import (
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
	"github.com/heald-proxy/heald/policies/internal/movetest"
)

// The drawing of encoder, as rows: every move that is not here is refused.
func TestMoves(t *testing.T) {
	drawn := map[state][]state{
		idle: {open, done},
		open: {done},
		done: nil,
	}
	movetest.Check(t, len(moves), drawn, func(from state) (*state, func(state)) {
		e := &encoder{state: from}
		return &e.state, e.move
	})
}

// No order of events asks for a move that is not drawn, which would panic.
func TestMovesInAnyOrder(t *testing.T) {
	for events := range dialecttest.Orders() {
		dialecttest.Reply(t, fixed(), conversation.Request{Model: "m"}, events, true)
	}
}
