package hedge

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

var key = Key{Backend: "a", Model: "m"}

func TestQuantile(t *testing.T) {
	var times Times
	for i := range 100 {
		if _, ok := times.Quantile(key, 90); ok != (i >= Enough) {
			t.Fatalf("after %d times: %v", i, ok)
		}
		times.Add(key, time.Duration(100-i)*time.Millisecond, false) // the order does not matter
	}
	for percent, want := range map[int]time.Duration{50: 50, 90: 90, 95: 95, 99: 99} {
		if got, ok := times.Quantile(key, percent); !ok || got != want*time.Millisecond {
			t.Errorf("p%d: got %v, %v, want %v", percent, got, ok, want*time.Millisecond)
		}
	}
	for _, other := range []Key{{Backend: "b", Model: "m"}, {Backend: "a", Model: "n"}, {Backend: "a", Model: "m", Whole: true}} {
		if _, ok := times.Quantile(other, 90); ok {
			t.Errorf("%+v has the times of another", other)
		}
	}
}

// Attempts that ended at once, without headers, are no times to go by.
func TestQuantileNeedsWholeTimes(t *testing.T) {
	var times Times
	for i := range Enough {
		for range 3 {
			times.Add(key, time.Millisecond, true)
		}
		if got, ok := times.Quantile(key, 90); ok {
			t.Fatalf("%v of %d whole times", got, i)
		}
		times.Add(key, time.Second, false)
	}
	if got, ok := times.Quantile(key, 90); !ok || got != time.Second {
		t.Errorf("got %v, %v, want a second", got, ok)
	}
	for range window {
		times.Add(key, time.Millisecond, true)
	}
	if got, ok := times.Quantile(key, 90); ok {
		t.Errorf("%v of a window of cut times", got)
	}
}

// Only the latest times count.
func TestQuantileForgets(t *testing.T) {
	var times Times
	for range window {
		times.Add(key, time.Hour, false)
	}
	for range window {
		times.Add(key, time.Second, false)
	}
	if got, ok := times.Quantile(key, 99); !ok || got != time.Second {
		t.Errorf("got %v, %v, want what the latest took", got, ok)
	}
}

// A worked example: of 10 times, those at 6 and 8 were cut.
//
//	left after 1 … 5: 0.5; after 7: 0.5·3/4; after 9: 0.375·1/2; after 10: 0
func TestQuantileOfCutTimes(t *testing.T) {
	var times []sample
	for i := 1; i <= 10; i++ {
		times = append(times, sample{time.Duration(i), i == 6 || i == 8})
	}
	for percent, want := range map[int]time.Duration{50: 5, 60: 7, 62: 7, 63: 9, 81: 9, 82: 10, 99: 10} {
		if got, ok := quantile(times, percent); !ok || got != want {
			t.Errorf("p%d: got %d, %v, want %d", percent, got, ok, want)
		}
	}
	// One that was cut at the time of another had waited as long: a quarter, not
	// a third, had their headers by then.
	for _, same := range [][]sample{
		{{1, true}, {1, false}, {2, false}, {3, false}},
		{{3, false}, {2, false}, {1, false}, {1, true}},
	} {
		if got, ok := quantile(same, 30); !ok || got != 2 {
			t.Errorf("with two at once: got %d, %v, want 2", got, ok)
		}
	}
	// Where the longest were cut, the quantile lies above the longest time.
	open := []sample{{1, false}, {2, false}, {9, true}, {9, true}}
	if got, ok := quantile(open, 90); !ok || got != 9 {
		t.Errorf("with the longest cut: got %d, %v, want 9", got, ok)
	}
	if _, ok := quantile([]sample{{1, true}, {2, true}}, 50); ok {
		t.Error("a quantile of nothing but cut times")
	}
}

// Hedging changes the times it is decided by: the slow ones are cut by their
// duplicates. The delay must stay where it would be without.
func TestQuantileIsUnbiased(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	draw := func() time.Duration { return time.Duration(float64(time.Second) * math.Exp(random.NormFloat64())) }
	var times Times
	var delays []float64
	for i := range 20000 {
		delay, ok := times.Quantile(key, 90)
		first := draw()
		if ok && first > delay {
			if second := delay + draw(); second < first {
				times.Add(key, second, true)
				continue
			}
		}
		times.Add(key, first, false)
		if i > 1000 && ok {
			delays = append(delays, delay.Seconds())
		}
	}
	mean := 0.0
	for _, d := range delays {
		mean += d / float64(len(delays))
	}
	want := math.Exp(1.2816) // p90 of the distribution
	if math.Abs(mean/want-1) > .1 {
		t.Errorf("the delay is %.2fs on average, want about %.2fs", mean, want)
	}
}

// Clients choose names of models; they do not choose how much is remembered.
func TestTimesAreBounded(t *testing.T) {
	var times Times
	for i := range 3 * keysLimit {
		times.Add(Key{Model: fmt.Sprint(i)}, time.Second, false)
	}
	times.Add(Key{Model: "made up"}, time.Second, true)
	if _, kept := times.known[Key{Model: "made up"}]; kept {
		t.Error("a model that never answered is remembered")
	}
	if n := len(times.known); n != keysLimit {
		t.Errorf("%d models are remembered, want %d", n, keysLimit)
	}
	if _, kept := times.known[Key{Model: fmt.Sprint(3*keysLimit - 1)}]; !kept {
		t.Error("the latest is not remembered")
	}
}

func BenchmarkQuantile(b *testing.B) {
	var times Times
	for i := range window {
		times.Add(key, time.Duration(i*7919%window), i%9 == 0)
	}
	b.ReportAllocs()
	for b.Loop() {
		times.Quantile(key, 90)
	}
}
