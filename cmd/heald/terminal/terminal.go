// Package terminal says whether a person sees the output: on a terminal lines may
// be redrawn and colored, in a pipe or a file they are data.
package terminal

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Screen is a terminal; tests have their own.
type Screen interface {
	io.Writer
	// Size is its size in characters; 0 is not known.
	Size() (width, height int)
}

// Of returns the screen behind a writer; ok is false where there is none.
func Of(w io.Writer) (s Screen, ok bool) {
	if s, ok = w.(Screen); ok {
		return s, true
	}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil, false
	}
	return file{f}, true
}

type file struct{ *os.File }

func (f file) Size() (width, height int) {
	width, height, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0, 0
	}
	return width, height
}

// Drawable is Of for a screen whose cursor is to be moved: a "dumb" terminal, such as
// that of an editor's shell, prints the codes instead.
func Drawable(w io.Writer) (s Screen, ok bool) {
	s, ok = Of(w)
	return s, ok && os.Getenv("TERM") != "dumb"
}

// Colors reports whether a writer may get colors: it is a terminal that supports
// them, and NO_COLOR is not set (no-color.org).
func Colors(w io.Writer) bool {
	_, ok := Drawable(w)
	return ok && os.Getenv("NO_COLOR") == ""
}

// Color is a way to show a text.
type Color string

// The colors that are used, as terminal codes (ECMA-48, 8.3.117).
const (
	Plain  Color = ""
	Bold   Color = "1"
	Dim    Color = "2"
	Red    Color = "31"
	Green  Color = "32"
	Yellow Color = "33"
)

// Palette colors texts, or leaves them as they are.
type Palette bool

// Paint colors a text.
func (p Palette) Paint(c Color, text string) string {
	if !p || c == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}
