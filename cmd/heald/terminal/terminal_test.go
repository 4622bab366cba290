package terminal

import (
	"bytes"
	"os"
	"testing"
)

type screen struct{ bytes.Buffer }

func (*screen) Size() (int, int) { return 80, 24 }

func TestColors(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // a device, and no terminal
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for _, c := range []struct {
		name, noColor, term string
		screen, null        bool
		want                bool
	}{
		{name: "a terminal", term: "xterm", screen: true, want: true},
		{name: "NO_COLOR", noColor: "1", term: "xterm", screen: true},
		{name: "a dumb one", term: "dumb", screen: true},
		{name: "a pipe", term: "xterm"},
		{name: "a device", term: "xterm", null: true},
	} {
		t.Setenv("NO_COLOR", c.noColor)
		t.Setenv("TERM", c.term)
		got := Colors(&bytes.Buffer{})
		if c.screen {
			got = Colors(&screen{})
		} else if c.null {
			got = Colors(null)
		}
		if got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	if got := Palette(true).Paint(Red, "x") + Palette(false).Paint(Red, "x") + Palette(true).Paint(Plain, "x"); got != "\x1b[31mx\x1b[0mxx" {
		t.Errorf("%q", got)
	}
}
