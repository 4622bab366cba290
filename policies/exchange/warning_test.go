package exchange

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Whatever is not told in full is counted, so that the list never looks whole.
func TestUntoldWarningsAreCounted(t *testing.T) {
	a := &attempt{req: &conversation.Request{OmittedWarnings: 7}}
	a.req.Warn("speed", "left out")
	if got := a.warning(); got != "speed: left out; and 7 more" {
		t.Errorf("got %q", got)
	}
}

// Names of fields and their number come from clients; a header that is too long
// costs the reply.
func TestWarningsAreBounded(t *testing.T) {
	w := &warningList{}
	w.add("first: ", "kept")
	w.add(strings.Repeat("é", 10_000), ": long")
	for range 100_000 {
		w.add("tools: left out")
	}
	got := w.String()
	if len(got) > warningLimit || !strings.HasPrefix(got, "first: kept; ?") || !strings.Contains(got, "[truncated]; tools: left out; ") {
		t.Errorf("%d bytes: %.700s", len(got), got)
	}
	if kept := strings.Count(got, "tools: left out"); kept < 100 || !strings.HasSuffix(got, fmt.Sprintf("; and %d more", 100_000-kept)) {
		t.Errorf("%d kept, and it ends in %q", kept, got[len(got)-20:])
	}
}
