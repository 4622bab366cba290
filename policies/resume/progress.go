package resume

import (
	"fmt"
	"slices"
)

// progress is how far an answer that may be resumed has come. All states but
// nothing also lead to themselves.
//
//	nothing ─thought→ inThoughts ⇄ inText
//	   └──────text───────────────────▲
//	any ─anything else, too much text, Stop→ unresumable
type progress uint8

const (
	nothing     progress = iota // no content yet
	inThoughts                  // a thought came last
	inText                      // a text came last: the answer can be resumed
	unresumable                 // the answer has something that cannot be resumed
)

// progressMoves are the arrows of the drawing.
var progressMoves = [...][]progress{
	nothing:     {inThoughts, inText, unresumable},
	inThoughts:  {inThoughts, inText, unresumable},
	inText:      {inThoughts, inText, unresumable},
	unresumable: {unresumable},
}

// move is the only function that changes the state. A move that is not drawn
// breaks an invariant and panics; the stream recovers and sends a marked reply.
func (s *SoFar) move(to progress) {
	if !slices.Contains(progressMoves[s.state], to) {
		panic(fmt.Sprintf("resume: answer in state %d cannot move to %d", s.state, to))
	}
	s.state = to
}
