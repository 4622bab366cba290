package terminal

import "testing"

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"gemini-3.5-flash, 日本": "gemini-3.5-flash, 日本",
		"\x1b[2Jx\r\n":         "\uFFFD[2Jx\uFFFD\uFFFD",
		"a\u009b31mb":          "a\uFFFD31mb", // the one-byte form of ESC [
		"a\u202eb":             "a\uFFFDb",    // text from right to left
	} {
		if got := Printable(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
