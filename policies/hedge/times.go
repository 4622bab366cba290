package hedge

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

const (
	// window is how many of the latest times count.
	window = 200
	// Enough times for a quantile, besides those that were cut: failed connections
	// and clients that leave at once say little.
	Enough = 20
	// keysLimit bounds the models that are remembered: their names come from
	// clients. All together they take about 0.8 MB.
	keysLimit = 256
)

// Key is what times are remembered for.
type Key struct {
	Backend, Model string
	// Whole says that upstream was asked for a document: its headers come when
	// it is complete.
	Whole bool
}

// Times remembers the latest times until the provider's headers came. The zero
// value is ready for use, and safe for concurrent use.
type Times struct {
	mu    sync.Mutex
	known map[Key]*ring
}

// ring holds the latest times of a key.
type ring struct {
	times [window]sample
	n     int // all that were added
}

// sample is one time.
type sample struct {
	after time.Duration
	// cut says that nothing had come by then; the true time is longer.
	cut bool
}

// Add adds a time; cut says that the attempt was given up then, without
// headers. Cut times of a model without known headers are dropped: a client may
// have invented its name.
func (t *Times) Add(k Key, after time.Duration, cut bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.known[k]
	if r == nil && cut {
		return
	}
	if r == nil {
		if t.known == nil {
			t.known = map[Key]*ring{}
		}
		if len(t.known) >= keysLimit {
			t.forgetOne()
		}
		r = &ring{}
		t.known[k] = r
	}
	r.times[r.n%window] = sample{after, cut}
	r.n++
}

// forgetOne drops any one key to make room; it learns again from its next
// times.
func (t *Times) forgetOne() {
	for k := range t.known {
		delete(t.known, k)
		return
	}
}

// Quantile is the time within which the headers came for that percentage of
// attempts. ok is false where too few times are known.
func (t *Times) Quantile(k Key, percent int) (after time.Duration, ok bool) {
	t.mu.Lock()
	r := t.known[k]
	if r == nil {
		t.mu.Unlock()
		return 0, false
	}
	times := slices.Clone(r.times[:min(r.n, window)])
	t.mu.Unlock()
	if whole(times) < Enough {
		return 0, false
	}
	return quantile(times, percent)
}

// whole counts the times that were not cut.
func whole(times []sample) (n int) {
	for _, s := range times {
		if !s.cut {
			n++
		}
	}
	return n
}

// quantile is that of the Kaplan-Meier estimate (Kaplan and Meier, 1958): at
// each time that was seen whole, the share of the attempts still without headers
// shrinks by one of those that had waited so long. Where the estimate ends above
// the quantile, for want of times that were not cut, the longest time is the best
// that is known of it. ok is false where all were cut.
func quantile(times []sample, percent int) (after time.Duration, ok bool) {
	slices.SortFunc(times, func(a, b sample) int {
		if c := cmp.Compare(a.after, b.after); c != 0 || a.cut == b.cut {
			return c
		}
		if b.cut { // those that were cut had waited until then, too
			return -1
		}
		return 1
	})
	const slack = 1e-9 // rounding
	left := 1.0
	for i, s := range times {
		after = s.after
		if s.cut {
			continue
		}
		ok = true
		waiting := float64(len(times) - i)
		left *= (waiting - 1) / waiting
		if left <= 1-float64(percent)/100+slack {
			return after, true
		}
	}
	return after, ok
}
