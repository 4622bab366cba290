package memory

import (
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// seconds are the buckets of a minute: the running second and the 60 whole ones
// before it.
const seconds = 61

// window is what a quota group has used of one model. All its methods need the
// store's lock.
type window struct {
	buckets [seconds]bucket // by second modulo seconds
	last    int64           // newest second that has a bucket; Unix time
	sum     bucket          // of all buckets
	day     int64           // requests of the day that ends at dayEnds
	dayEnds time.Time
}

type bucket struct{ requests, tokens int64 }

// roll forgets the seconds that have left the minute. A clock that goes back
// counts on in the newest second.
func (w *window) roll(now time.Time) {
	second := now.Unix()
	for range min(second-w.last, seconds) {
		w.last++
		old := &w.buckets[w.last%seconds]
		w.sum.requests -= old.requests
		w.sum.tokens -= old.tokens
		*old = bucket{}
	}
	w.last = max(w.last, second)
	if !w.dayEnds.After(now) {
		w.day = 0
	}
}

// full says which limit has no room for a place's request; of several the one
// that lasts longest. The window is rolled.
func (w *window) full(p *state.Place, now time.Time) (state.Full, bool) {
	var out state.Full
	refuse := func(limit string, in time.Duration) {
		if out.Limit == "" || in > out.In {
			out = state.Full{Limit: limit, In: in}
		}
	}
	if r := p.Rates.Requests; r > 0 && w.sum.requests+1 > r {
		refuse("rpm", w.in(now, func(left bucket) bool { return left.requests+1 <= r }))
	}
	if t := p.Rates.Tokens; t > 0 && w.sum.tokens+p.Need() > t {
		refuse("tpm", w.in(now, func(left bucket) bool { return left.tokens+p.Need() <= t }))
	}
	if d := p.Rates.Day; d > 0 && !p.DayEnds.After(w.dayEnds) && w.day+1 > d {
		refuse("rpd", w.dayEnds.Sub(now))
	}
	return out, out.Limit != ""
}

// in is how long until enough old seconds have left the minute; 0 if that is
// never enough.
func (w *window) in(now time.Time, enough func(left bucket) bool) time.Duration {
	left := w.sum
	for second := w.last - seconds + 1; second <= w.last; second++ {
		old := w.buckets[second%seconds]
		if old == (bucket{}) {
			continue
		}
		left.requests -= old.requests
		left.tokens -= old.tokens
		if enough(left) {
			return time.Unix(second+seconds, 0).Sub(now)
		}
	}
	return 0
}

// take counts a request, and returns the second in which it stands.
func (w *window) take(p *state.Place) int64 {
	w.add(w.last, 1, p.Tokens)
	if p.DayEnds.After(w.dayEnds) {
		w.day, w.dayEnds = 0, p.DayEnds
	}
	w.day++
	return w.last
}

// settle corrects what was counted in a second.
func (w *window) settle(ended *state.Settlement) {
	p, at := ended.Receipt.Place, ended.Receipt.At
	switch {
	case ended.Unsent:
		w.add(at, -1, -p.Tokens)
		if p.DayEnds.Equal(w.dayEnds) {
			w.day = max(0, w.day-1)
		}
	case ended.Tokens >= 0:
		w.add(at, 0, ended.Tokens-p.Tokens)
	}
}

// add changes the bucket of a second that is still in the minute. Nothing
// becomes negative.
func (w *window) add(second, requests, tokens int64) {
	if second > w.last || second <= w.last-seconds {
		return
	}
	b := &w.buckets[second%seconds]
	requests, tokens = max(requests, -b.requests), max(tokens, -b.tokens)
	b.requests += requests
	b.tokens += tokens
	w.sum.requests += requests
	w.sum.tokens += tokens
}

// idle reports whether nothing is left of the window.
func (w *window) idle() bool { return w.sum == bucket{} && w.day == 0 }

// load is what the window says in a snapshot.
func (w *window) load() state.Load {
	return state.Load{Requests: w.sum.requests, Tokens: w.sum.tokens, Day: w.day}
}
