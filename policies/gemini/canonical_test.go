package gemini

import (
	"strings"
	"testing"
)

func TestCanonical(t *testing.T) {
	nested := func(depth int) string {
		return strings.Repeat(`{"b":[`, depth/2) + strings.Repeat(`],"a":1}`, depth/2)
	}
	tests := []struct {
		name, in, want string
		ok             bool
	}{
		{"order and spacing", `{"b": 1.0, "a": "\u0041"}`, `{"a":"A","b":1}`, true},
		{"brackets in a text", `"` + strings.Repeat("[{", maxCanonicalDepth) + `\"["`, `"` + strings.Repeat("[{", maxCanonicalDepth) + `\"["`, true},
		{"no JSON", `{"a"`, "", false},
		{"no end of a text", `"a\`, "", false},
		{"the deepest", nested(maxCanonicalDepth), strings.Repeat(`{"a":1,"b":[`, maxCanonicalDepth/2) + strings.Repeat(`]}`, maxCanonicalDepth/2), true},
		// Each level is copied once more: 9,000 of them around a megabyte took
		// two seconds.
		{"too deep", nested(maxCanonicalDepth + 2), "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := Canonical([]byte(tt.in))
			if ok != tt.ok || ok && string(got) != tt.want {
				t.Errorf("Canonical() = %s, %v; want %s, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}
