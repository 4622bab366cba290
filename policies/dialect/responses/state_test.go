package responses

import (
	"testing"

	"github.com/heald-proxy/heald/policies/dialect/internal/dialecttest"
	"github.com/heald-proxy/heald/policies/internal/movetest"
)

// The drawing in state.go, as rows: every move that is not here is refused.
func TestMoves(t *testing.T) {
	drawn := map[state][]state{
		idle:      {between},
		between:   {inThought, inText, inCall, inHeld, inCode, between, done},
		inThought: {between, done},
		inText:    {between, done},
		inCall:    {between, done},
		inHeld:    {between, done},
		inCode:    {between, done},
		done:      nil,
	}
	movetest.Check(t, len(moves), drawn, func(from state) (*state, func(state)) {
		m := &machine{state: from}
		return &m.state, m.move
	})
}

// No order of events asks for a move that is not drawn, which would panic.
func TestMovesInAnyOrder(t *testing.T) {
	for events := range dialecttest.Orders() {
		for _, mode := range []uint8{0, 2, 1, 2 | 8} {
			encode(t, fuzzed(mode), events, true)
		}
	}
}
