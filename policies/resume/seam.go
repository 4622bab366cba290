package resume

import (
	"fmt"
	"slices"
)

// seam is where a joint stands in its search.
//
//	seeking ─the text ends in the anchor→ atAnchor
//	   │ └───the whole text was repeated→ again
//	   └─neither is possible any more───→ refused
type seam uint8

const (
	seeking  seam = iota // so far the continuation repeats the text
	atAnchor             // found at the end of the text so far; the rest is new
	again                // found in a reply that has the whole text in it
	refused              // the continuation does not go on where the text ended
)

// seamMoves are the arrows of the drawing.
var seamMoves = [...][]seam{
	seeking:  {atAnchor, again, refused},
	atAnchor: {},
	again:    {},
	refused:  {},
}

// move is the only function that changes the state; it drops the text that was
// searched. A move that is not drawn breaks an invariant and panics; the stream
// recovers and sends a marked reply.
func (j *joint) move(to seam) {
	if !slices.Contains(seamMoves[j.state], to) {
		panic(fmt.Sprintf("resume: seam in state %d cannot move to %d", j.state, to))
	}
	*j = joint{state: to}
}
