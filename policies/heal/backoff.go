package heal

import "time"

// Back-off of the delay column, by attempt number from 1.

func fixed(d time.Duration) func(int) time.Duration {
	return func(int) time.Duration { return d }
}

func linear(d time.Duration) func(int) time.Duration {
	return func(n int) time.Duration { return d * time.Duration(max(n, 1)) }
}

// longestBackoff is the longest delay.
const longestBackoff = 8 * time.Second

func exponential(d time.Duration) func(int) time.Duration {
	return func(n int) time.Duration {
		wait := d
		for ; n > 1 && wait < longestBackoff; n-- {
			wait *= 2
		}
		return min(wait, longestBackoff)
	}
}

func steps(ds ...time.Duration) func(int) time.Duration {
	return func(n int) time.Duration { return ds[min(max(n, 1), len(ds))-1] }
}

// Jitter spreads a delay so that clients that failed at the same time do not
// retry at the same time: uniform between half and the whole. A delay that the
// server stated is a floor and stays. rnd is in [0,1).
func (r *Verdict) Jitter(rnd float64) {
	if !r.Stated {
		r.Wait = r.Wait/2 + time.Duration(rnd*float64(r.Wait/2))
	}
}
