package console

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/terminal"
	"github.com/heald-proxy/heald/policies/record"
)

// Sink writes a line for each request. What it is told of attempts is in the
// request, too.
type Sink struct {
	w       io.Writer
	in      *time.Location
	palette terminal.Palette
}

// NewSink writes to w, with times as in a place.
func NewSink(w io.Writer, in *time.Location) *Sink {
	return &Sink{w: w, in: in, palette: terminal.Palette(terminal.Colors(w))}
}

// Write writes the requests among the entries.
func (s *Sink) Write(_ context.Context, entries []record.Entry) error {
	var out strings.Builder
	for i := range entries {
		if r := entries[i].Request; r != nil {
			out.WriteString(Line(r, s.in, s.palette) + "\n")
		}
	}
	if out.Len() == 0 {
		return nil
	}
	_, err := io.WriteString(s.w, out.String())
	return err
}

// Close leaves the terminal to others.
func (s *Sink) Close() error { return nil }
