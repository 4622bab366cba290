package stopscan

// automaton finds sequences in a stream of bytes (Aho and Corasick, 1975): each
// state stands for the longest end of what was read that begins a sequence.
type automaton struct {
	states []state
	// first are the states after one byte; root for bytes that no sequence
	// begins with.
	first [256]int32
}

// state is a node of the tree of sequences.
type state struct {
	// child is the first state one byte further, sibling the next one beside
	// this; root for none. Sequences seldom share a beginning.
	child, sibling int32
	c              byte // the byte that leads here
	// fail is the state of the longest proper end of this one's bytes.
	fail  int32
	depth int32 // bytes that the state stands for
	// found is the index of the longest sequence that ends here; -1 if none.
	found int32
}

const root = 0

func newAutomaton(sequences []string) *automaton {
	a := &automaton{states: []state{{found: -1}}}
	for i, s := range sequences {
		a.insert(s, int32(i))
	}
	// By depth: what a state falls back to is shorter, and complete by then.
	var queue []int32
	for _, to := range a.first {
		if to != root {
			queue = append(queue, to)
		}
	}
	for len(queue) > 0 {
		from := queue[0]
		queue = queue[1:]
		for to := a.states[from].child; to != root; to = a.states[to].sibling {
			queue = append(queue, to)
			s := &a.states[to]
			s.fail = a.step(a.states[from].fail, s.c)
			if s.found < 0 {
				s.found = a.states[s.fail].found
			}
		}
	}
	return a
}

func (a *automaton) insert(sequence string, index int32) {
	at := int32(root)
	for i := range len(sequence) {
		to := a.next(at, sequence[i])
		if to == root {
			to = int32(len(a.states))
			s := state{c: sequence[i], depth: int32(i + 1), found: -1}
			if at == root {
				a.first[s.c] = to
			} else {
				s.sibling, a.states[at].child = a.states[at].child, to
			}
			a.states = append(a.states, s)
		}
		at = to
	}
	if at != root && a.states[at].found < 0 {
		a.states[at].found = index
	}
}

// next returns the state one byte further in the tree; root if there is none.
func (a *automaton) next(at int32, c byte) int32 {
	if at == root {
		return a.first[c]
	}
	to := a.states[at].child
	for to != root && a.states[to].c != c {
		to = a.states[to].sibling
	}
	return to
}

// step returns the state after one more byte.
func (a *automaton) step(at int32, c byte) int32 {
	for {
		if to := a.next(at, c); to != root || at == root {
			return to
		}
		at = a.states[at].fail
	}
}
