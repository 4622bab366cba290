package responses

import (
	"fmt"
	"slices"
)

// state is where a reply stands. At most one item is open; every move out of an
// item's state first writes what closes the item, except on failure.
//
//	idle ─Start→ between ─Thought→ inThought ─→ between
//	                │ ├────Text──→ inText ────→ between
//	                │ ├────Call──→ inCall ────→ between
//	                │ ├────Call──→ inHeld ────→ between
//	                │ ├────Code──→ inCode ────→ between
//	                │ ├─image, search──────────→ between
//	                │ └──Finish──→ done
//	any but idle and done ─Failure→ done
//
// The carrier of a call must be in the reasoning item right before it, so such
// an item stays open until the next part is known. A thought that is hidden, or
// has no text yet, opens no item: it is kept in thought and seal, whatever the
// state. A call that is not delivered opens none either, so its piecesare
// skipped.
type state uint8

const (
	idle      state = iota // nothing written
	between                // started; no item is open
	inThought              // a reasoning item is open
	inText                 // a message item is open
	inCall                 // a function_call item is open
	inHeld                 // a call whose item is written at its end
	inCode                 // a code_interpreter_call item waits for its result
	done                   // ended; later events are ignored
)

// moves are the arrows of the drawing.
var moves = [...][]state{
	idle:      {between},
	between:   {inThought, inText, inCall, inHeld, inCode, between, done},
	inThought: {between, done},
	inText:    {between, done},
	inCall:    {between, done},
	inHeld:    {between, done},
	inCode:    {between, done},
	done:      {},
}

// move is the only function that changes the state. A move that is not drawn
// breaks an invariant and panics; the stream recovers and sends a marked reply.
func (m *machine) move(to state) {
	if !slices.Contains(moves[m.state], to) {
		panic(fmt.Sprintf("responses: reply in state %d cannot move to %d", m.state, to))
	}
	m.state = to
}
