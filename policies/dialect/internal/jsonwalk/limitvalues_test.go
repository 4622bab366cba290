package jsonwalk

import (
	"testing"
)

// Tests of what happens at a limit use its name. Here is its value, so that it is
// changed on purpose only.
func TestLimitValues(t *testing.T) {
	for _, c := range []struct {
		name     string
		is, want int64
	}{
		{"maxMembers", maxMembers, 64},
		{"MaxWarnings", MaxWarnings, 64},
		{"maxName", maxName, 64},
	} {
		if c.is != c.want {
			t.Errorf("%s is %v, want %v", c.name, c.is, c.want)
		}
	}
}
