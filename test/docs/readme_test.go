package docs

import (
	"strings"
	"testing"
)

// README is read whole by somebody who does not know heald yet.
func TestReadme(t *testing.T) {
	text := read(t, "README.md")
	if n := strings.Count(text, "\n"); n > 120 {
		t.Errorf("README has %d lines: what is looked up belongs into a page beside it", n)
	}
	for _, command := range []string{"make demo", "make test", "make run"} {
		if !strings.Contains(text, command) || !strings.Contains(read(t, "Makefile"), "\n"+strings.TrimPrefix(command, "make ")+":") {
			t.Errorf("README or the Makefile lacks %s", command)
		}
	}
	for _, page := range pages(t) {
		if page != "README.md" && !strings.Contains(text, "]("+page) {
			t.Errorf("README leads nobody to %s", page)
		}
	}
}
