package account

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestFade(t *testing.T) {
	for _, c := range []struct {
		age  time.Duration
		want float64
	}{
		{0, 1}, {-time.Hour, 1}, {5 * time.Minute, 0.5}, {10 * time.Minute, 0.25},
		{24 * time.Hour, 0}, {math.MaxInt64, 0}, {math.MinInt64, 1},
	} {
		if got := fade(int64(c.age)); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v: %v, want %v", c.age, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		age := time.Duration(rapid.Int64Range(0, int64(4*time.Hour)).Draw(t, "age"))
		want := math.Exp2(-float64(age) / float64(5*time.Minute))
		if got := fade(int64(age)); math.Abs(got-want) > 2e-5*want {
			t.Errorf("%v: %v, want %v", age, got, want)
		}
	})
}
