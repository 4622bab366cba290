package main

import (
	"bytes"
	"fmt"
	"strings"
)

// mutant is one mistake: in a file, the bytes from start to end are replaced.
type mutant struct {
	file       string // path relative to the root, with slashes
	source     []byte // of the whole file, as it is
	start, end int
	text       string // what stands there instead
	what       string // kind of the mistake
}

// mutated is the file with the mistake in it.
func (m *mutant) mutated() []byte {
	out := make([]byte, 0, len(m.source)+len(m.text))
	out = append(out, m.source[:m.start]...)
	out = append(out, m.text...)
	return append(out, m.source[m.end:]...)
}

// place is where the mutant is: file and line.
func (m *mutant) place() string {
	return fmt.Sprintf("%s:%d", m.file, 1+bytes.Count(m.source[:m.start], []byte{'\n'}))
}

// lines are the lines that the mistake touches, before and after it, each as one
// line with single spaces.
func (m *mutant) lines() (before, after string) {
	from := bytes.LastIndexByte(m.source[:m.start], '\n') + 1
	to := len(m.source)
	if i := bytes.IndexByte(m.source[m.end:], '\n'); i >= 0 {
		to = m.end + i
	}
	head, tail := string(m.source[from:m.start]), string(m.source[m.end:to])
	return oneLine(head + string(m.source[m.start:m.end]) + tail), oneLine(head + m.text + tail)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
