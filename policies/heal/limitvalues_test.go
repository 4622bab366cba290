package heal

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
		{"carrierLimit", carrierLimit, 1048576},
		{"maxBoundMembers", maxBoundMembers, 20000},
		{"memoryLimit", memoryLimit, 4096},
		{"lastMessageLimit", lastMessageLimit, 512},
		{"hitsOutlast", int64(hitsOutlast), int64(3 * 60 * 60 * time.Second)},
		{"textLimit", textLimit, 16384},
		{"mostParticulars", mostParticulars, 5},
		{"signatureTTL", int64(signatureTTL), int64(2 * 60 * 60 * time.Second)},
		{"minSignature", minSignature, 50},
		{"signatureCost", signatureCost, 400},
		{"DefaultSignatures", DefaultSignatures, 20000},
		{"DefaultSignatureBytes", DefaultSignatureBytes, 67108864},
		{"leastDelay", int64(leastDelay), int64(time.Second / 10)},
		{"longestBackoff", int64(longestBackoff), int64(8 * time.Second)},
	} {
		if c.is != c.want {
			t.Errorf("%s is %v, want %v", c.name, c.is, c.want)
		}
	}
}
