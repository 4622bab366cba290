package claude

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/dialect/internal/callid"
)

func TestSplitCallID(t *testing.T) {
	tests := []struct{ name, id, bare, carrier string }{
		{"plain", "toolu_01", "toolu_01", ""},
		{"ours", "toolu_01__Z3MxLmEuYi5j", "toolu_01", "gs1.a.b.c"},
		{"underscores before", "a__b__Z3MxLmEuYi5j", "a__b", "gs1.a.b.c"},
		{"underscores only", "mcp__tool__x", "mcp__tool__x", ""},
		{"not base64", "a__Z3MxL!", "a__Z3MxL!", ""},
		{"not a carrier", "a__Z3MxLQ", "a__Z3MxLQ", ""},
		{"no id", "__Z3MxLmEuYi5j", "", "gs1.a.b.c"},
		{"empty", "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bare, carrier := splitCallID(tt.id)
			if bare != tt.bare || carrier != tt.carrier {
				t.Errorf("split %q = %q, %q; want %q, %q", tt.id, bare, carrier, tt.bare, tt.carrier)
			}
		})
	}
}

func TestJoinCallIDLimit(t *testing.T) {
	for n := 1400; n < 1700; n++ {
		carrier := carrierPrefix + strings.Repeat("x", n)
		id := joinCallID("toolu_01", carrier)
		if len(id) > callid.MaxCarrying {
			t.Fatalf("a carrier of %d bytes makes an id of %d", len(carrier), len(id))
		}
		if bare, got := splitCallID(id); bare != "toolu_01" || got != "" && got != carrier {
			t.Fatalf("the id does not split: %q, %q", bare, got)
		}
	}
	if id := joinCallID("a", "not a carrier"); id != "a" {
		t.Errorf("id = %q: only carriers may ride", id)
	}
}

// Whatever is joined comes apart again, since history depends on it.
func FuzzCallID(f *testing.F) {
	f.Add("toolu_01", "gs1.a.b.c")
	f.Add("a__b", "gs1.")
	f.Fuzz(func(t *testing.T, id, rest string) {
		splitCallID(id) // must not panic
		carrier := carrierPrefix + rest
		if !callid.Fits(id) || strings.Contains(id, carrierMark) {
			return // no id that we would join
		}
		bare, got := splitCallID(joinCallID(id, carrier))
		if bare != id || got != carrier && len(id)+len(rest) < callid.MaxCarrying/2 {
			t.Errorf("split = %q, %q; want %q, %q", bare, got, id, carrier)
		}
	})
}
