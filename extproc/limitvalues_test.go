package extproc

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
		{"chunkLimit", chunkLimit, 62000},
		{"MessageSlack", MessageSlack, 1048576},
		{"dueLimit", dueLimit, 65536},
		{"lastWord", int64(lastWord), int64(time.Second / 2)},
	} {
		if c.is != c.want {
			t.Errorf("%s is %v, want %v", c.name, c.is, c.want)
		}
	}
}
