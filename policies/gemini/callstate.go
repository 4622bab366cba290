package gemini

import (
	"fmt"
	"slices"
)

// callState is where an openCall stands. Only in callOpen arguments are taken
// and handed out.
//
//	callNone ─begin→ callOpen ─end→ callNone
type callState uint8

const (
	callNone callState = iota // no call is open
	callOpen                  // one is; id and name are its
)

// callMoves are the arrows of the drawing.
var callMoves = [...][]callState{
	callNone: {callOpen},
	callOpen: {callNone},
}

// move is the only place that changes the state, as [Decoder.move] is for its.
func (o *openCall) move(to callState) {
	if !slices.Contains(callMoves[o.state], to) {
		panic(fmt.Sprintf("gemini: call in state %d cannot move to %d", o.state, to))
	}
	o.state = to
}
