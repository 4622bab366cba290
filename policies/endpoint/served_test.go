package endpoint

import (
	"strings"
	"testing"
)

// What is suggested is served.
func TestSuggestionIsServed(t *testing.T) {
	for _, row := range unservedRows {
		if row.instead == "" || strings.HasSuffix(row.instead, ".") {
			t.Errorf("%s: %q", row.name, row.instead)
		}
	}
	for _, name := range knownNames {
		e := Of("/x/" + name)
		if got := e.Suggestion(); got != "" {
			if at := Of(got); at.Allows() == "" {
				t.Errorf("%s is suggested, and is not served", got)
			}
		}
	}
}
