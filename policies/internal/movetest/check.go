package movetest

import (
	"slices"
	"testing"
)

// Check tries every move between two of the states 0 to count-1. Those in drawn,
// from each state to others, must be made; all others must panic and leave the
// state as it is. in makes a machine in a state, and returns where it keeps the
// state and what changes it.
func Check[S ~uint8](t *testing.T, count int, drawn map[S][]S, in func(S) (state *S, move func(S))) {
	t.Helper()
	if len(drawn) != count {
		t.Errorf("the drawing has %d states, the machine %d", len(drawn), count)
	}
	for from := range S(count) {
		for to := range S(count) {
			state, move := in(from)
			refused := panics(func() { move(to) })
			switch legal := slices.Contains(drawn[from], to); {
			case legal && (refused || *state != to):
				t.Errorf("from %d to %d: refused %t, state %d; the move is drawn", from, to, refused, *state)
			case !legal && (!refused || *state != from):
				t.Errorf("from %d to %d: refused %t, state %d; the move is not drawn", from, to, refused, *state)
			}
		}
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}
