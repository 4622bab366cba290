package simulate

import "time"

// window counts what was used of a limit per minute, exactly.
type window struct {
	fixed bool
	log   []use // oldest first; sliding windows only
	sum   int64 // of log, or of the minute
	since time.Duration
}

type use struct {
	at time.Duration
	n  int64
}

// room returns how long it takes until n more fit under the limit; 0 is now. n
// itself may be above the limit: then it fits into an empty window.
func (w *window) room(now time.Duration, n, limit int64) time.Duration {
	w.forget(now)
	if limit == 0 || w.sum == 0 || w.sum+n <= limit {
		return 0
	}
	if w.fixed {
		return w.since + time.Minute - now
	}
	left := w.sum
	for _, u := range w.log {
		if left -= u.n; left == 0 || left+n <= limit {
			return u.at + time.Minute - now
		}
	}
	return time.Minute
}

// add counts n.
func (w *window) add(now time.Duration, n int64) {
	w.forget(now)
	w.sum += n
	if !w.fixed {
		w.log = append(w.log, use{now, n})
	}
}

// forget leaves out what no longer counts.
func (w *window) forget(now time.Duration) {
	if w.fixed {
		if minute := now.Truncate(time.Minute); minute != w.since {
			w.since, w.sum = minute, 0
		}
		return
	}
	for len(w.log) > 0 && w.log[0].at+time.Minute <= now {
		w.sum -= w.log[0].n
		w.log = w.log[1:]
	}
}
