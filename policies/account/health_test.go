package account

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var start = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func TestHealthScore(t *testing.T) {
	const median = time.Second
	for _, c := range []struct {
		name string
		play string // s success, f failure, n neutral, x success that takes ten times the median, w a minute, h an hour
		want float64
	}{
		{"nobody has asked", "", 100},
		{"neutral outcomes say nothing", "nnnn", 100},
		{"successes", "ssssss", 100},
		{"one failure at first: half the successes, and just now", "f", 25 + 30},
		{"a failure among ten", "sssssssss" + "f", 50*10./11 + 30},
		{"a minute later", "sssssssss" + "fw", 50 - 50/(10+math.Exp2(0.2)) + 30 + 4},
		{"five minutes later the failure counts half, and is long ago", "fwwwww", 50/1.5 + 50},
		{"an hour later all is forgotten", "ffffffffffffh", 99.9},
		{"ten times slower", "x", 50 + 30/9.5 + 20},
		{"half as slow after a minute", "xw", 50 + 30/5.25 + 20},
		{"nearly forgotten after five", "xwwwww", 50 + 30/(1+8.5/32) + 20},
		{"faster than the pool gives no more", "ssss", 100},
	} {
		h, now := play(c.play, median)
		if got := h.Score(now, median); math.Abs(got-c.want) > 0.1 {
			t.Errorf("%s: %.2f, want %.2f", c.name, got, c.want)
		}
		if now.Sub(start) == 0 && h.Score(now.Add(-time.Hour), median) != h.Score(now, median) {
			t.Errorf("%s: a clock that goes backwards changes the score", c.name)
		}
	}
}

func play(outcomes string, median time.Duration) (h Health, now time.Time) {
	now = start
	for _, o := range outcomes {
		switch o {
		case 's':
			h.Note(now, Succeeded, median)
		case 'x':
			h.Note(now, Succeeded, 10*median)
		case 'f':
			h.Note(now, Failed, 0)
		case 'n':
			h.Note(now, Neutral, 10*median)
		case 'w':
			now = now.Add(time.Minute)
		case 'h':
			now = now.Add(time.Hour)
		}
	}
	return h, now
}

// What is slower by chance loses no point: by half of the median, or by a
// quarter of a second where that is more.
func TestSlowerByChance(t *testing.T) {
	for _, c := range []struct {
		median, content time.Duration
		want            float64
	}{
		{4 * time.Second, 5900 * time.Millisecond, 100},
		{4 * time.Second, 10 * time.Second, 100 - 15}, // one median more than chance
		{100 * time.Millisecond, 340 * time.Millisecond, 100},
		{100 * time.Millisecond, 450 * time.Millisecond, 100 - 15},
		{0, time.Hour, 100},
	} {
		var h Health
		h.Note(start, Succeeded, c.content)
		if got := h.Score(start, c.median); math.Abs(got-c.want) > 0.01 {
			t.Errorf("%v where the median is %v: %.2f points, want %.2f", c.content, c.median, got, c.want)
		}
	}
}

// A home that has become ten times slower loses its conversations with the
// second answer, and may have them again later.
func TestSlow(t *testing.T) {
	for _, c := range []struct {
		play string
		want bool
	}{
		{"", false}, {"ssss", false}, {"ssssx", false}, {"ssssxx", true}, {"ssssxxx", true},
		{"ssssxxs", false}, {"ssssxxw", true}, {"ssssxxwwwww", false}, {"x", true},
	} {
		h, now := play(c.play, time.Second)
		if got := h.Slow(now, time.Second); got != c.want {
			t.Errorf("%q: %v, want %v", c.play, got, c.want)
		}
		if h.Slow(now, 0) {
			t.Errorf("%q: slow though the pool's median is not known", c.play)
		}
	}
}

func TestHealthIsWithinBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h Health
		now := start
		for range rapid.IntRange(0, 50).Draw(t, "outcomes") {
			now = now.Add(time.Duration(rapid.Int64Range(-1e9, 1e12).Draw(t, "step")))
			before := h.Score(now, time.Second)
			r := Result(rapid.IntRange(0, 2).Draw(t, "result"))
			content := time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "content"))
			if r == Failed {
				content = 0
			}
			h.Note(now, r, content)
			got := h.Score(now, time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "median")))
			if !(got >= 0 && got <= 100) {
				t.Fatalf("health %v is not within 0 to 100", got)
			}
			if after := h.Score(now, time.Second); r == Failed && after > before {
				t.Fatalf("a failure raised the health from %v to %v", before, after)
			}
		}
		if got := h.Score(now.Add(24*time.Hour), time.Second); got < 99.9 {
			t.Fatalf("a day later the health is still %v", got)
		}
	})
}

func TestMedianContent(t *testing.T) {
	for _, c := range []struct {
		in   []time.Duration
		want time.Duration
	}{
		{nil, 0}, {[]time.Duration{0, 0}, 0}, {[]time.Duration{3, 0}, 3},
		{[]time.Duration{9, 1, 0, 5}, 5}, {[]time.Duration{4, 9, 1, 5}, 4},
	} {
		if got := MedianContent(c.in); got != c.want {
			t.Errorf("%v: %v, want %v", c.in, got, c.want)
		}
	}
}

func BenchmarkHealthScore(b *testing.B) {
	b.ReportAllocs()
	h, _ := play("", 0)
	now := time.Now()
	h.Note(now, Failed, 0)
	h.Note(now, Succeeded, time.Second)
	now = now.Add(time.Second)
	var sum float64
	for b.Loop() {
		sum += h.Score(now, time.Second/2)
	}
	_ = sum
}
