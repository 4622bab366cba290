package conversation

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
		{"MaxMessages", MaxMessages, 20000},
		{"MaxParts", MaxParts, 20000},
		{"FreeEntries", FreeEntries, 2500},
		{"BytesPerEntry", BytesPerEntry, 48},
		{"MaxTools", MaxTools, 4096},
		{"MaxWarnings", MaxWarnings, 128},
	} {
		if c.is != c.want {
			t.Errorf("%s is %v, want %v", c.name, c.is, c.want)
		}
	}
}
