package movetest

import (
	"slices"
	"testing"
)

type state uint8

const (
	idle state = iota
	busy
	over
)

type machine struct {
	state state
	moves map[state][]state
	late  bool // it panics when the state was changed already
}

func (m *machine) move(to state) {
	from := m.state
	if m.late {
		m.state = to
	}
	if !slices.Contains(m.moves[from], to) {
		panic("not drawn")
	}
	m.state = to
}

var drawing = map[state][]state{idle: {busy, over}, busy: {busy, over}, over: {}}

// check is Check of such a machine, and reports whether it fails.
func check(moves map[state][]state, late bool) bool {
	var t testing.T
	Check(&t, int(over)+1, drawing, func(from state) (*state, func(state)) {
		m := &machine{state: from, moves: moves, late: late}
		return &m.state, m.move
	})
	return t.Failed()
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name  string
		moves map[state][]state
		late  bool
		fails bool
	}{
		{"as drawn", drawing, false, false},
		{"a move too many", map[state][]state{idle: {busy, over}, busy: {idle, busy, over}}, false, true},
		{"a move from the end", map[state][]state{idle: {busy, over}, busy: {busy, over}, over: {over}}, false, true},
		{"a move too few", map[state][]state{idle: {busy}, busy: {busy, over}}, false, true},
		{"no loop", map[state][]state{idle: {busy, over}, busy: {over}}, false, true},
		{"a refused move that is made all the same", drawing, true, true},
	} {
		if got := check(c.moves, c.late); got != c.fails {
			t.Errorf("%s: fails %t, want %t", c.name, got, c.fails)
		}
	}
}
