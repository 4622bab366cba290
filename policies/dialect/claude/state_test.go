package claude

import (
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
	"github.com/heald-proxy/heald/policies/internal/movetest"
)

// The drawing in state.go, as rows: every move that is not here is refused.
func TestMoves(t *testing.T) {
	drawn := map[state][]state{
		idle:       {between, done},
		between:    {inThinking, inText, inCall, done},
		inThinking: {between, done},
		inText:     {between, done},
		inCall:     {between, done},
		done:       nil,
	}
	movetest.Check(t, len(moves), drawn, func(from state) (*state, func(state)) {
		m := &machine{state: from}
		return &m.state, m.move
	})
}

// No order of events asks for a move that is not drawn, which would panic.
func TestMovesInAnyOrder(t *testing.T) {
	for events := range dialecttest.Orders() {
		for mode := range uint8(8) {
			req := conversation.Request{OneCall: mode&4 != 0}
			req.Thinking.Visible, req.Thinking.Carries = mode&1 != 0, mode&2 != 0
			encode(t, req, events, true)
		}
	}
}
