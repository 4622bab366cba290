package heal

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A key is changed in three steps, each at one replica after the other: all open
// with the new one, all seal with it, the old one is dropped. At no time may a
// replica meet what it cannot open, until the old key is gone.
func TestKeysRotate(t *testing.T) {
	was, next := NewKey([]byte("old")), NewKey([]byte("new"))
	steps := []Key{was, was.AlsoOpens(next), next.AlsoOpens(was), next}
	// What a step has sealed (row), and whether a step opens it (column).
	want := []string{
		"yyyn", // replicas are one step apart; the old key's conversations end with it
		"yyyn",
		"nyyy",
		"nyyy",
	}
	for i, sealing := range steps {
		for j, opening := range steps {
			opens := want[i][j] == 'y'
			m := sample()
			got, err := OpenMemory(opening, frozen, "id", m.Seal(sealing, frozen, "id"))
			if opens != (err == nil && len(got.Tries) == len(m.Tries)) {
				t.Errorf("memory of step %d at step %d: %v, want %t", i, j, err, opens)
			}
			if err != nil && (!errors.Is(err, ErrOtherKey) || !strings.Contains(err.Error(), opening.ID()) || !strings.Contains(err.Error(), sealing.ID())) {
				t.Errorf("step %d at step %d: %v", i, j, err)
			}
			c := carriers("t", "b", "m")
			c.Key = sealing
			carrier := c.SealCall(sig("s"), "f", []byte("{}"))
			c.Key = opening
			if s := c.signature(forCall, carrier, callBinding("f", []byte("{}"))); opens != (s == sig("s")) {
				t.Errorf("carrier of step %d at step %d: %q, want %t", i, j, s, opens)
			}
		}
	}
}

func TestKeyTellsOnlyItsID(t *testing.T) {
	k := NewKey([]byte("the secret")).AlsoOpens(NewKey([]byte("another")))
	if ids := k.IDs(); len(ids) != 2 || ids[0] != k.ID() || slices.Contains(ids[1:], k.ID()) {
		t.Errorf("ids %q", ids)
	}
	for _, text := range []string{fmt.Sprint(k), fmt.Sprintf("%v", &k), fmt.Sprintf("%#v", k), fmt.Sprintf("%+v", k)} {
		if text != k.ID() {
			t.Errorf("printed %s", text)
		}
	}
}
