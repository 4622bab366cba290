package chat

import (
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
	"github.com/heald-proxy/heald/policies/internal/movetest"
)

// The drawing in state.go, as rows: every move that is not here is refused.
func TestMoves(t *testing.T) {
	drawn := map[state][]state{
		idle:   {open, failed},
		open:   {inCall, done, failed},
		inCall: {open, failed},
		done:   {failed},
		failed: nil,
	}
	movetest.Check(t, len(moves), drawn, func(from state) (*state, func(state)) {
		m := &machine{state: from}
		return &m.state, m.move
	})
}

// No order of events asks for a move that is not drawn, which would panic, be
// there one answer or two.
func TestMovesInAnyOrder(t *testing.T) {
	for events := range dialecttest.Orders() {
		for _, mode := range []uint8{0, 2, 1, 2 | 64, 16, 2 | 32} {
			encode(t, modes(mode), events, true)
		}
		for other := range events {
			several := modes(2 | 64)
			several.Limits.Candidates = 2
			mixed := append([]conversation.Event(nil), events...)
			mixed[other].Candidate, mixed[other].More = 1, true
			encode(t, several, mixed, true)
		}
	}
}
