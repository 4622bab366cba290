package config

import (
	"testing"
	"time"
)

// Tests of what happens at a limit use its name. Here is its value, so that it is
// changed on purpose only.
func TestLimitValues(t *testing.T) {
	for _, c := range []struct {
		name     string
		is, want int64
	}{
		{"DefaultMaxBody", DefaultMaxBody, 33554432},
		{"resolveTimeout", int64(resolveTimeout), int64(2 * time.Second)},
		{"softShare", softShare, 90},
		{"heldShare", heldShare, 75},
		{"smallestLimit", smallestLimit, 67108864},
		{"noLimit", noLimit, 1125899906842624},
		{"leastMemoryKey", leastMemoryKey, 32},
		{"leastShared", leastShared, 16},
		{"leastCredential", leastCredential, 16},
		{"mostMemoryKeys", mostMemoryKeys, 4},
		{"mostNodes", mostNodes, 100000},
		{"longestPath", longestPath, 1000},
	} {
		if c.is != c.want {
			t.Errorf("%s is %v, want %v", c.name, c.is, c.want)
		}
	}
}
