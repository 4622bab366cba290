package exchange

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
		{"strayLimit", strayLimit, 16777216},
		{"frameStep", frameStep, 4096},
		{"lostAttempts", lostAttempts, 1},
		{"answerLimit", answerLimit, 134217728},
		{"finishGrace", int64(finishGrace), int64(3 * time.Second)},
		{"bodyCost", bodyCost, 10},
		{"newShare", newShare, 90},
		{"grain", grain, 65536},
		{"overloadedRetry", overloadedRetry, 1},
		{"partSize", partSize, 512},
		{"errBodyLimit", errBodyLimit, 262144},
		{"titleWords", titleWords, 6},
		{"titleLength", titleLength, 60},
		{"titleSource", titleSource, 4096},
		{"paramLimit", paramLimit, 256},
		{"warningLimit", warningLimit, 4096},
		{"oneWarningLimit", oneWarningLimit, 512},
		{"learnedLimit", learnedLimit, 1000},
		{"longestPause", int64(longestPause), int64(15 * time.Second)},
		{"schemaCache", schemaCache, 4194304},
	} {
		if c.is != c.want {
			t.Errorf("%s is %v, want %v", c.name, c.is, c.want)
		}
	}
}
