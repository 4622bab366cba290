package fakegemini

import (
	"strings"
	"testing"
)

func TestFaults(t *testing.T) {
	s := Start(t, Options{Faults: func(n int) (Reply, bool) { return Status(503), n == 1 }})
	s.Enqueue(Text("scripted")) // is not counted
	for i, want := range []struct {
		status int
		text   string
	}{{200, "scripted"}, {200, "You said: "}, {503, "overloaded"}, {200, "You said: "}} {
		if status, body := send(t, s, studio35, hello); status != want.status || !strings.Contains(body, want.text) {
			t.Errorf("request %d: %d %s, want %d with %q", i, status, body, want.status, want.text)
		}
	}
}
