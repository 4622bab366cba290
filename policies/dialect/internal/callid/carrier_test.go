package callid

import (
	"strings"
	"testing"
)

func TestCarry(t *testing.T) {
	if got, want := Carry("a", "__x__", "gs1.a.b.c"), "a__x__Z3MxLmEuYi5j"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	longest := 0
	for n := 1400; n < 1700; n++ {
		if id := Carry("a", "__x__", strings.Repeat("c", n)); len(id) > len("a") {
			longest = max(longest, len(id))
		}
	}
	if longest < MaxCarrying-3 || longest > MaxCarrying {
		t.Errorf("the longest id has %d bytes, want at most %d", longest, MaxCarrying)
	}
}
