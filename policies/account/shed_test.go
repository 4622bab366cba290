package account

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestShed(t *testing.T) {
	for _, c := range []struct {
		name              string
		accepted, refused int
		after             time.Duration
		want              float64
	}{
		{"nothing asked", 0, 0, 0, 0},
		{"all accepted", 10, 0, 0, 0},
		{"half refused", 10, 10, 0, 0},
		{"three quarters refused", 10, 30, 0, 20. / 41},
		{"all refused", 0, 19, 0, 0.95},
		{"nine refused, too few to tell", 0, 9, 0, 0},
		{"all refused, a minute ago", 0, 19, time.Minute, 0.95},
		{"all refused, two minutes ago", 0, 19, 2 * time.Minute, 0},
	} {
		var s Shed
		for range c.accepted {
			s.Note(start, true)
		}
		for range c.refused {
			s.Note(start, false)
		}
		if got := s.Share(start.Add(c.after)); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// Something always gets through, so that a backend which is well again shows it.
func TestShedNeverShedsAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Shed
		now := start
		for range rapid.IntRange(0, 300).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(5*time.Second)).Draw(t, "step")))
			s.Note(now, rapid.Bool().Draw(t, "accepted"))
			if p := s.Share(now); !(p >= 0 && p < 1) {
				t.Fatalf("the share to shed is %v", p)
			}
		}
		if p := s.Share(now.Add(shedWindow)); p != 0 {
			t.Errorf("two minutes later the share is still %v", p)
		}
	})
}
