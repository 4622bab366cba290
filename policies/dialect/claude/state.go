package claude

import (
	"fmt"
	"slices"
)

// state is where a reply stands. At most one block is open; every move out of a
// block's state first writes what closes the block, except on failure.
//
//	idle ─Start→ between ─Thought→ inThinking ─→ between
//	                │ │ └──Text──→ inText ─────→ between
//	                │ └────Call──→ inCall ─────→ between
//	                └──────Finish→ done
//	any but done ─Failure→ done
//
// A signature must be the last delta of the thinking block before the part that
// it belongs to, so a thinking block stays open until the next part is known. A
// thought that is hidden, or has no text yet, opens no block: it is kept in
// thought and seal, whatever the state. A call that is not delivered opens none
// either, so its piecesare skipped.
type state uint8

const (
	idle       state = iota // nothing written
	between                 // started; no block is open
	inThinking              // a thinking block is open
	inText                  // a text block is open
	inCall                  // a tool_use block is open
	done                    // ended; later events are ignored
)

// moves are the arrows of the drawing.
var moves = [...][]state{
	idle:       {between, done},
	between:    {inThinking, inText, inCall, done},
	inThinking: {between, done},
	inText:     {between, done},
	inCall:     {between, done},
	done:       {},
}

// move is the only function that changes the state. A move that is not drawn
// breaks an invariant and panics; the stream recovers and sends a marked reply.
func (m *machine) move(to state) {
	if !slices.Contains(moves[m.state], to) {
		panic(fmt.Sprintf("claude: reply in state %d cannot move to %d", m.state, to))
	}
	m.state = to
}
