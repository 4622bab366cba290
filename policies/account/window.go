package account

import "time"

// windowParts is how finely a window forgets: what it counts is of the last
// eleven to twelve twelfths of its length.
const windowParts = 12

// window counts two things over a time that slides. The zero value is empty. It
// is not safe for concurrent use.
type window struct {
	counts [windowParts][2]int64
	last   int64 // the newest part, in parts since the epoch
}

// add counts at a time, for a window of a length.
func (w *window) add(now time.Time, length time.Duration, a, b int64) {
	w.slide(now, length)
	c := &w.counts[w.last%windowParts]
	c[0] += a
	c[1] += b
}

// sum is what was counted within the length.
func (w *window) sum(now time.Time, length time.Duration) (a, b int64) {
	w.slide(now, length)
	for _, c := range w.counts {
		a, b = a+c[0], b+c[1]
	}
	return a, b
}

// slide empties the parts that are too old. A clock that goes backwards counts
// as stopped.
func (w *window) slide(now time.Time, length time.Duration) {
	part := now.UnixNano() / int64(length/windowParts)
	if part <= w.last {
		return
	}
	for p := max(w.last+1, part-windowParts+1); p <= part; p++ {
		w.counts[p%windowParts] = [2]int64{}
	}
	w.last = part
}
