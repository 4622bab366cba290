package setting

import (
	"errors"
	"fmt"
	"testing"
)

func TestProblems(t *testing.T) {
	one := &Problem{Path: "a.b", Found: "is empty", Consequence: "nothing works", Fix: "fill it"}
	two := &Problem{Found: "no file"}
	plain := errors.New("plain")
	got := Problems(errors.Join(errors.Join(one, nil), fmt.Errorf("while reading: %w", two), plain))
	if len(got) != 3 || got[0] != one || got[1] != two || got[2].Found != "plain" {
		t.Errorf("got %v", got)
	}
	if Problems(nil) != nil {
		t.Error("problems of nothing")
	}
	for _, c := range []struct {
		p    *Problem
		want string
	}{
		{one, "a.b: is empty: nothing works; fill it"},
		{two, "no file"},
	} {
		if got := c.p.Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
