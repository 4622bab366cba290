package simulate

import (
	"math/rand/v2"
	"testing"
	"time"
)

// No 60 seconds have more than the limit, whatever is asked when; and what waits
// as long as it is told is let in.
func TestWindowSlides(t *testing.T) {
	const limit = 20
	rnd := rand.New(rand.NewPCG(1, 1))
	var w window
	var log []use
	now := time.Duration(0)
	for range 5000 {
		now += time.Duration(rnd.ExpFloat64() * float64(2*time.Second))
		n := int64(1 + rnd.IntN(4))
		if after := w.room(now, n, limit); after > 0 {
			if early := w.room(now+after-1, n, limit); early != 1 {
				t.Fatalf("at %v: %d fit after %v, and a moment earlier after %v", now, n, after, early)
			}
			now += after
			if again := w.room(now, n, limit); again != 0 {
				t.Fatalf("at %v: told to wait until now, and now %v more", now, again)
			}
		}
		w.add(now, n)
		log = append(log, use{now, n})
	}
	for i := range log {
		var sum int64
		for j := i; j >= 0 && log[j].at > log[i].at-time.Minute; j-- {
			sum += log[j].n
		}
		if sum > limit {
			t.Fatalf("%d in the 60 s before %v, limit %d", sum, log[i].at, limit)
		}
	}
}

func TestWindowFixed(t *testing.T) {
	w := window{fixed: true}
	w.add(59*time.Second, 10)
	for _, c := range []struct {
		at, want time.Duration
		n        int64
	}{
		{59 * time.Second, 0, 2},
		{59 * time.Second, time.Second, 3},
		{time.Minute, 0, 12}, // a new minute
	} {
		if got := w.room(c.at, c.n, 12); got != c.want {
			t.Errorf("at %v, %d more: room after %v, want %v", c.at, c.n, got, c.want)
		}
	}
}
