package gemini

import (
	"testing"

	"github.com/heald-proxy/heald/policies/internal/movetest"
)

// The drawing in callstate.go, as rows: every move that is not here is refused.
func TestCallMoves(t *testing.T) {
	drawn := map[callState][]callState{
		callNone: {callOpen},
		callOpen: {callNone},
	}
	movetest.Check(t, len(callMoves), drawn, func(from callState) (*callState, func(callState)) {
		o := &openCall{state: from}
		return &o.state, o.move
	})
}
