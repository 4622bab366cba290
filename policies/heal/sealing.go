package heal

import (
	"fmt"
	"slices"
)

// sealing is the state of a Sealer.
//
//	between ─thought→ inThoughts ─signature, call, media→ between
//	   │ │              ▲    │text
//	   │ │       thought│    ▼
//	   │ └─text─────→ inText ─────signature, call, media→ between
//	   └─signed call→ inCall ─its end, or any other part→ between
type sealing uint8

const (
	between    sealing = iota // nothing that a signature could belong to
	inThoughts                // a run of thoughts
	inText                    // a run of text
	inCall                    // a signed call that is held until its end
)

// sealMoves are the arrows of the drawing.
var sealMoves = [...][]sealing{
	between:    {inThoughts, inText, inCall},
	inThoughts: {inText, between},
	inText:     {inThoughts, between},
	inCall:     {between},
}

// move is the only function that changes the state. A move that is not drawn
// breaks an invariant and panics; the stream recovers and sends a marked reply.
func (s *Sealer) move(to sealing) {
	if !slices.Contains(sealMoves[s.state], to) {
		panic(fmt.Sprintf("heal: sealer in state %d cannot move to %d", s.state, to))
	}
	s.state = to
}
