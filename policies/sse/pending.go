package sse

import "fmt"

// pending is what a Reader has collected between two lines.
//
//	idle ─data→ oneLine ─more data, end of the chunk→ manyData
//	  │            └────────┬─────────────────────────────┘
//	  │                     └─blank, stray line, end→ idle, and an Event
//	  └─stray line→ stray ─field, comment, end→ idle, and a Stray
//
// The line that ended a frame without being part of it is read again. Comments
// come out at once and change nothing, but that they end a stray.
type pending uint8

const (
	idle     pending = iota // nothing
	oneLine                 // an event of one line so far, in Reader.data
	manyData                // an event, in Reader.joined
	stray                   // a stray, in Reader.joined
)

// moves are the arrows of the drawing. Each event makes two moves, so they are
// a table, not a search.
var moves = [...][stray + 1]bool{
	idle:     {oneLine: true, stray: true},
	oneLine:  {manyData: true, idle: true},
	manyData: {idle: true},
	stray:    {idle: true},
}

// move is the only function that changes what is pending. A move that is not drawn
// breaks an invariant and panics; the stream recovers and sends a marked reply.
func (r *Reader) move(to pending) {
	if !moves[r.pending][to] {
		undrawn(r.pending, to)
	}
	r.pending = to
}

// undrawn is a function of its own so that move is inlined.
//
//go:noinline
func undrawn(from, to pending) {
	panic(fmt.Sprintf("sse: reader in state %d cannot move to %d", from, to))
}
