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

func TestBoundCutsAtTheLimit(t *testing.T) {
	text := strings.Repeat("x", 40)
	for _, c := range []struct {
		text  string
		limit int
		want  string
	}{
		{text, 40, text},
		{text, 39, text[:39-len(ending)] + ending},
		{text, len(ending) + 1, "x" + ending},
		{text, len(ending), ending},
		{text, 0, ending},
		{"a€" + text, len(ending) + 3, "a" + ending}, // between two characters
		{"a€" + text, len(ending) + 4, "a€" + ending},
		{"", 0, ""},
	} {
		if got := Bound(c.text, c.limit); got != c.want {
			t.Errorf("%q at %d: got %q, want %q", c.text, c.limit, got, c.want)
		}
	}
	if Limit != 2048 {
		t.Errorf("a line of the log has %d bytes of an error, not 2 KiB", Limit)
	}
}

// A quotation has 200 bytes of a value.
func TestQuoteIsBounded(t *testing.T) {
	value := strings.Repeat("x ", 100)
	if got := Quote(value); got != `"`+value+`"` {
		t.Errorf("got %s", got)
	}
	if got, want := Quote(value+"y"), `"`+value[:200-len(ending)]+ending+`"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
