package chat

import (
	"fmt"
	"slices"
)

// run says whether the answer is in a run of thoughts. It is independent of the
// state.
//
//	outside ─thought→ inThoughts ─its text, where tags enclose it→ inTags
//	   ▲                   └─────────any other part───────────────────┤
//	   └──────────────────────────────────────────────────────────────┘
type run uint8

const (
	outside    run = iota // the last part was not a thought
	inThoughts            // the last part was a thought
	inTags                // likewise, and the client has the opening tag
)

// runMoves are the arrows of the drawing.
var runMoves = [...][]run{
	outside:    {inThoughts},
	inThoughts: {outside, inTags},
	inTags:     {outside},
}

// moveRun is the only function that changes the run, as move is for the state.
func (m *machine) moveRun(to run) {
	if !slices.Contains(runMoves[m.run], to) {
		panic(fmt.Sprintf("chat: run of thoughts in state %d cannot move to %d", m.run, to))
	}
	m.run = to
}
