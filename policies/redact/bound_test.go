package redact

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestBound(t *testing.T) {
	if got := Bound("short", 5); got != "short" {
		t.Errorf("got %q", got)
	}
	for limit := range 60 {
		got := Bound(strings.Repeat("a€", 40), limit)
		if len(got) > max(limit, len(ending)) || !utf8.ValidString(got) || !strings.HasSuffix(got, ending) {
			t.Errorf("limit %d: got %q", limit, got)
		}
	}
}
