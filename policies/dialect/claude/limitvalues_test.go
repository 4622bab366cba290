package claude

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
		{"maxNesting", maxNesting, 4},
		{"maxDeferred", maxDeferred, 128},
	} {
		if c.is != c.want {
			t.Errorf("%s is %v, want %v", c.name, c.is, c.want)
		}
	}
}
