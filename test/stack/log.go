package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

// Line is one line of heald's log.
type Line map[string]any

// Get returns a field as text, with a dot that of an object in the line; "" if it
// is absent.
func (l Line) Get(field string) string {
	name, inner, nested := strings.Cut(field, ".")
	v, ok := l[name]
	if object, is := v.(map[string]any); is && nested {
		return Line(object).Get(inner)
	}
	if !ok || nested {
		return ""
	}
	return fmt.Sprint(v)
}

// log collects what a process writes, and lets a test wait for a line.
type log struct {
	mu      sync.Mutex
	changed chan struct{} // closed and replaced with every line
	partial []byte
	lines   []Line
	text    bytes.Buffer
}

func newLog() *log { return &log{changed: make(chan struct{})} }

// Write implements io.Writer for the process's standard error.
func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	l.partial = append(l.partial, p...)
	for {
		line, rest, ok := bytes.Cut(l.partial, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		var parsed Line
		if json.Unmarshal(line, &parsed) == nil {
			l.lines = append(l.lines, parsed)
			close(l.changed)
			l.changed = make(chan struct{})
		}
		l.partial = rest
	}
}

// Lines returns the lines with this message that hold all the fields, given
// as name, value, name, value.
func (l *log) Lines(msg string, fields ...string) []Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.match(msg, fields)
}

func (l *log) match(msg string, fields []string) []Line {
	var out []Line
next:
	for _, line := range l.lines {
		if line.Get("msg") != msg {
			continue
		}
		for i := 0; i+1 < len(fields); i += 2 {
			if line.Get(fields[i]) != fields[i+1] {
				continue next
			}
		}
		out = append(out, line)
	}
	return out
}

// Wait waits for n lines with this message and these fields.
func (l *log) Wait(ctx context.Context, n int, msg string, fields ...string) ([]Line, error) {
	for {
		l.mu.Lock()
		found, changed := l.match(msg, fields), l.changed
		l.mu.Unlock()
		if len(found) >= n {
			return found, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("%d of %d lines %q %v in the log:\n%s", len(found), n, msg, fields, l.Text())
		}
	}
}

// Text is everything that was written.
func (l *log) Text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.TrimSpace(l.text.String())
}
