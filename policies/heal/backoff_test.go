package heal

import (
	"testing"
	"time"
)

func TestJitter(t *testing.T) {
	for _, c := range []struct {
		stated bool
		rnd    float64
		want   time.Duration
	}{
		{false, 0, 500 * ms},
		{false, 0.5, 750 * ms},
		{true, 0, time.Second}, // a floor
	} {
		r := Verdict{Stated: c.stated}
		r.Wait = time.Second
		if r.Jitter(c.rnd); r.Wait != c.want {
			t.Errorf("stated %v rnd %v: %v, want %v", c.stated, c.rnd, r.Wait, c.want)
		}
	}
}
