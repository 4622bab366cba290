package bootstrap

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
		{"defaultRetries", defaultRetries, 3},
		{"defaultFloor", defaultFloor, 3},
		{"defaultPercent", defaultPercent, 20},
		{"enoughFloor", enoughFloor, 100},
		{"noLimit", noLimit, 1000},
		{"defaultBuffer", defaultBuffer, 1048576},
		{"minPing", int64(minPing), int64(10 * time.Second)},
		{"slowClient", int64(slowClient), int64(10 * 60 * time.Second)},
		{"defaultMaxInterval", int64(defaultMaxInterval), int64(300 * time.Second)},
		{"maxLines", maxLines, 1048576},
		{"maxDepth", maxDepth, 200},
		{"minHop", minHop, 8},
		{"maxFile", maxFile, 33554432},
		{"ownerOnly", ownerOnly, 0o600},
	} {
		if c.is != c.want {
			t.Errorf("%s is %v, want %v", c.name, c.is, c.want)
		}
	}
}
