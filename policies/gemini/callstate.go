package gemini

import "fmt"

// callState is where an openCall stands. Only in callOpen arguments are taken
// and handed out.
//
//	callNone ─begin→ callOpen ─end→ callNone
type callState uint8

const (
	callNone callState = iota // no call is open
	callOpen                  // one is; id and name are its
)

// callMoves are the arrows of the drawing. They are an array, since calls come
// in the decoder's busiest loop.
var callMoves = [...][callOpen + 1]bool{
	callNone: {callOpen: true},
	callOpen: {callNone: true},
}

// move is the only function that changes the state, like [Decoder.move].
func (o *openCall) move(to callState) {
	if !callMoves[o.state][to] {
		undrawnCall(o.state, to)
	}
	o.state = to
}

// undrawnCall is a function of its own so that move is inlined.
//
//go:noinline
func undrawnCall(from, to callState) {
	panic(fmt.Sprintf("gemini: call in state %d cannot move to %d", from, to))
}
