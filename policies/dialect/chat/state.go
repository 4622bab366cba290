package chat

import (
	"fmt"
	"slices"
)

// state is where one answer of a reply stands.
//
//	idle ─Start→ open ─CallStart→ inCall ─CallEnd, any other part→ open
//	               └──Finish→ done ─another answer fails─┐
//	any but failed ─Failure──────────────────────────────┴→ failed
//
// A call that is not delivered opens none, so its piecesare skipped.
type state uint8

const (
	idle   state = iota // nothing written
	open                // the role was sent; no call is open
	inCall              // a call is open
	done                // ended; later events are ignored
	failed              // ended with an error; later events are ignored
)

// moves are the arrows of the drawing.
var moves = [...][]state{
	idle:   {open, failed},
	open:   {inCall, done, failed},
	inCall: {open, failed},
	done:   {failed},
	failed: {},
}

// move is the only function that changes the state. A move that is not drawn
// breaks an invariant and panics; the stream recovers and sends a marked reply.
func (m *machine) move(to state) {
	if !slices.Contains(moves[m.state], to) {
		panic(fmt.Sprintf("chat: answer in state %d cannot move to %d", m.state, to))
	}
	m.state = to
}

// ended reports whether the answer is over, well or not.
func (m *machine) ended() bool { return m.state == done || m.state == failed }
