package docs

import (
	"strings"
	"testing"
)

// Merges of CHANGELOG.md keep the lines of both sides, and so may keep an entry
// and what it was before it was corrected.
func TestChangelogSaysNothingTwice(t *testing.T) {
	const beginning = 90
	seen := map[string]bool{}
	for line := range strings.SplitSeq(read(t, "CHANGELOG.md"), "\n") {
		if !strings.HasPrefix(line, "- [") || len(line) < beginning {
			continue
		}
		if seen[line[:beginning]] {
			t.Errorf("two entries begin with %q", line[:beginning])
		}
		seen[line[:beginning]] = true
	}
	if len(seen) < 20 {
		t.Errorf("%d entries: the test does not find them", len(seen))
	}
}
