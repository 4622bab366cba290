package console

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/terminal"
	"github.com/heald-proxy/heald/policies/record"
)

// Sink writes a line for each request. It ignores records of attempts, since
// the request has their reasons, too.
type Sink struct {
	w       io.Writer
	in      *time.Location
	palette terminal.Palette
}

// NewSink writes to w, with times in a time zone.
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

// Close closes nothing, since the terminal is shared.
func (s *Sink) Close() error { return nil }
