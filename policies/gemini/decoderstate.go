package gemini

import (
	"fmt"
	"slices"
)

// decoderState is where a Decoder stands. End changes nothing where no response
// came: there is no answer to end.
//
//	decoderNew ─response→ decoderBegun ─End→ decoderEnded
type decoderState uint8

const (
	decoderNew   decoderState = iota // nothing came; Start is not made yet
	decoderBegun                     // Start was made
	decoderEnded                     // End was called
)

// decoderMoves are the arrows of the drawing.
var decoderMoves = [...][]decoderState{
	decoderNew:   {decoderBegun},
	decoderBegun: {decoderEnded},
	decoderEnded: {},
}

// move is the only function that changes the state. A move that is not drawn
// breaks an invariant and panics; the stream recovers and sends a marked reply.
func (d *Decoder) move(to decoderState) {
	if !slices.Contains(decoderMoves[d.state], to) {
		panic(fmt.Sprintf("gemini: decoder in state %d cannot move to %d", d.state, to))
	}
	d.state = to
}
