package resume

import (
	"fmt"
	"slices"
)

// progress is how far an answer came that may be resumed. All states but nothing
// lead to themselves, too.
//
//	nothing ─thought→ inThoughts ⇄ inText
//	   └──────text───────────────────▲
//	any ─anything else, too much text, Stop→ unresumable
type progress uint8

const (
	nothing     progress = iota // nothing was said
	inThoughts                  // a thought came last
	inText                      // a text came last: the answer can be resumed
	unresumable                 // there is something that cannot be gone on with
)

// progressMoves are the arrows of the drawing.
var progressMoves = [...][]progress{
	nothing:     {inThoughts, inText, unresumable},
	inThoughts:  {inThoughts, inText, unresumable},
	inText:      {inThoughts, inText, unresumable},
	unresumable: {unresumable},
}

// move is the only place that changes the state. A move that is not drawn
// breaks an invariant; the stream's guard makes a marked reply of the panic.
func (s *SoFar) move(to progress) {
	if !slices.Contains(progressMoves[s.state], to) {
		panic(fmt.Sprintf("resume: answer in state %d cannot move to %d", s.state, to))
	}
	s.state = to
}
