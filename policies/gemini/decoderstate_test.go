package gemini

import (
	"testing"

	"github.com/heald-proxy/heald/policies/internal/movetest"
)

// The drawing in decoderstate.go, as rows: every move that is not here is refused.
func TestDecoderMoves(t *testing.T) {
	drawn := map[decoderState][]decoderState{
		decoderNew:   {decoderBegun},
		decoderBegun: {decoderEnded},
		decoderEnded: nil,
	}
	movetest.Check(t, len(decoderMoves), drawn, func(from decoderState) (*decoderState, func(decoderState)) {
		d := &Decoder{state: from}
		return &d.state, d.move
	})
}
