package chat

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestFence(t *testing.T) {
	for _, tt := range []struct {
		name, code string
		fence      int // backticks
	}{
		{"plain", "print(1)", 3},
		{"a fence within", "a ``` b", 4},
		{"short runs", "`a` ``b``", 3},
		{"the longest of several", "``` ````` ````", 6},
		{"nothing else", strings.Repeat("`", 100), 101},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := fenced("python", conversation.Quote(tt.code)).String()
			fence := strings.Repeat("`", tt.fence)
			if want := "\n" + fence + "python\n" + tt.code + "\n" + fence + "\n"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
