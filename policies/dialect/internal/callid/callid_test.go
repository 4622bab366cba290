package callid

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestCall(t *testing.T) {
	src := rand.NewChaCha8([32]byte{})
	g := IDs{Prefix: "call_", Mark: "__x__", Random: func(b []byte) { _, _ = src.Read(b) }}
	g.Req = &conversation.Request{Messages: []conversation.Message{{Parts: []conversation.Part{
		{Kind: conversation.KindCall, Call: &conversation.Call{ID: "old"}},
	}}}}
	tests := []struct {
		name, upstream string
		kept           bool
	}{
		{"good", "a-b_C1", true},
		{"given before", "a-b_C1", false},
		{"in the history", "old", false},
		{"none", "", false},
		{"foreign characters", "é", false},
		{"with a mark", "a__x__b", false},
		{"64 characters", strings.Repeat("a", 64), true},
		{"65 characters", strings.Repeat("b", 65), false},
	}
	seen := map[string]bool{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id := g.Call(tt.upstream)
			if (id == tt.upstream) != tt.kept || !Fits(id) || seen[id] {
				t.Errorf("Call(%q) = %q, want it kept: %v", tt.upstream, id, tt.kept)
			}
			if !tt.kept && !strings.HasPrefix(id, "call_") {
				t.Errorf("a new id %q lacks the prefix", id)
			}
			seen[id] = true
		})
	}
}
