package history

import "time"

// bounds are the upper bounds of the classes of a histogram of times. Within one,
// times count as spread evenly, so that a quantile is right to a quarter or so.
var bounds = [...]time.Duration{
	25 * time.Millisecond, 50 * time.Millisecond, 75 * time.Millisecond, 100 * time.Millisecond, 150 * time.Millisecond, 200 * time.Millisecond,
	300 * time.Millisecond, 400 * time.Millisecond, 500 * time.Millisecond, 750 * time.Millisecond, time.Second, 1500 * time.Millisecond,
	2 * time.Second, 3 * time.Second, 4 * time.Second, 5 * time.Second, 7500 * time.Millisecond, 10 * time.Second, 15 * time.Second, 20 * time.Second,
	30 * time.Second, 45 * time.Second, time.Minute, 90 * time.Second, 2 * time.Minute, 3 * time.Minute, 5 * time.Minute, 10 * time.Minute,
}

// times is a histogram; the last class is for what is longer than all bounds.
type times [len(bounds) + 1]uint32

func (h *times) add(d time.Duration) {
	at := 0
	for at < len(bounds) && d > bounds[at] {
		at++
	}
	h[at]++
}

// quantile returns the time that the part q of all is not longer than; false if
// there are none.
func (h *times) quantile(q float64) (time.Duration, bool) {
	var all float64
	for _, n := range h {
		all += float64(n)
	}
	if all == 0 {
		return 0, false
	}
	rank, below := q*all, 0.0
	for at, n := range h {
		if n == 0 || below+float64(n) < rank {
			below += float64(n)
			continue
		}
		if at == len(bounds) {
			break
		}
		var from time.Duration
		if at > 0 {
			from = bounds[at-1]
		}
		return from + time.Duration(float64(bounds[at]-from)*(rank-below)/float64(n)), true
	}
	return bounds[len(bounds)-1], true
}
