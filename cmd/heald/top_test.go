package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"
)

// On a terminal the picture is drawn again and again, until Ctrl-C, which is no
// error; in a pipe it is printed once, as data.
func TestTopOnATerminal(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	t.Setenv("TERM", "xterm")
	at := running(t, write(t, "heald.yaml", minimal))
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var s screen
	var errs bytes.Buffer
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"top", "--admin", at, "--interval", "200ms"}, streams{&s, &errs}) }()
	const redraw = "\x1b[H" // the cursor goes to the top
	for end := time.Now().Add(time.Minute); strings.Count(s.String(), redraw) < 4 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	interrupt()
	if code := <-ended; code != exitOK || errs.Len() > 0 {
		t.Errorf("exit %d: %s", code, errs.String())
	}
	if text := s.String(); strings.Count(text, redraw) < 4 || !strings.Contains(text, "TRAFFIC") || !strings.Contains(text, "ACCOUNTS") || strings.Contains(text, "\x1b[1m") {
		t.Errorf("%q", text)
	}
	code, out, piped := heald(t, "top", "--admin", at, "--interval", "200ms")
	if code != exitOK || strings.Count(out, "TRAFFIC") != 1 || strings.Contains(out, "\x1b") || piped != "" {
		t.Errorf("exit %d: %s%s", code, out, piped)
	}
	t.Setenv("TERM", "dumb") // it cannot be drawn over
	var dumb screen
	if code := run(t.Context(), []string{"top", "--admin", at, "--interval", "200ms"}, streams{&dumb, &errs}); code != exitOK || strings.Count(dumb.String(), "TRAFFIC") != 1 || strings.Contains(dumb.String(), "\x1b") {
		t.Errorf("exit %d: %q", code, dumb.String())
	}
}
