package memory

import (
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// seconds are how many buckets may count at once: those of the running second, and
// of as many before it as have requests within state.Minute.
const seconds = int64((state.Minute+time.Second-1)/time.Second) + 1

// window is what a quota group has used of one model. All its methods need the
// store's lock.
type window struct {
	buckets [seconds]bucket // by second modulo seconds
	first   int64           // oldest second that may have a bucket; Unix time
	last    int64           // newest
	sum     bucket          // of all buckets
	day     int64           // requests of the day that ends at dayEnds
	dayEnds time.Time
}

// bucket is what was taken in a second. It counts until state.Minute after the
// newest of its requests: those that waited for an older bucket come together, so
// that is hardly longer than for each by itself.
type bucket struct {
	requests, tokens int64
	newest           int64 // Unix milliseconds
}

// ends is when the bucket no longer counts.
func (b *bucket) ends() time.Time { return time.UnixMilli(b.newest).Add(state.Minute) }

// roll forgets the seconds that have left the minute. A clock that goes back
// counts on in the newest second.
func (w *window) roll(now time.Time) {
	w.last = max(w.last, now.Unix())
	for range seconds {
		old := &w.buckets[w.first%seconds]
		if w.first == w.last || old.newest != 0 && old.ends().After(now) {
			break
		}
		w.sum.requests -= old.requests
		w.sum.tokens -= old.tokens
		*old = bucket{}
		w.first++
	}
	w.first = max(w.first, w.last-seconds+1)
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
	for second := w.first; second <= w.last; second++ {
		old := &w.buckets[second%seconds]
		if old.newest == 0 {
			continue
		}
		left.requests -= old.requests
		left.tokens -= old.tokens
		if enough(left) {
			return old.ends().Sub(now)
		}
	}
	return 0
}

// take counts a request, and returns its second.
func (w *window) take(p *state.Place, now time.Time) int64 {
	w.add(w.last, 1, p.Tokens)
	b := &w.buckets[w.last%seconds]
	b.newest = max(b.newest, now.UnixMilli())
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
	if second > w.last || second < w.first {
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

// load is the window's use in a snapshot.
func (w *window) load() state.Load {
	return state.Load{Requests: w.sum.requests, Tokens: w.sum.tokens, Day: w.day}
}
