package account

import (
	"slices"
	"time"
)

// The points of [Health.Score]; they make 100. What answers counts most, then
// how soon it does compared to the others, then how long ago it failed: the
// last makes a group that begins to fail lose points at once, while its share of
// successes still looks good.
const (
	successPoints = 50
	speedPoints   = 30
	recencyPoints = 20
)

const (
	// healthHalfLife is when an outcome counts half of a new one: long enough
	// to see one failure in a hundred, short enough to forget a bad quarter of
	// an hour within the next.
	healthHalfLife = 5 * time.Minute
	// healthPrior is a success that everybody has. A group that nobody has
	// asked, or not for long, is taken for good, so that it is asked again.
	healthPrior = 1
	// errorFades is when the last failure costs no point of recency any more.
	errorFades = 5 * time.Minute
	// contentStep is how far one answer moves the time to first content. Half
	// the way: two answers in a row show a group that has become slow.
	contentStep = 0.5
	// slowFactor is how many times the pool's median makes a group too slow to
	// be a home. With contentStep, one answer that takes ten times as long does
	// not reach it (5.5), a second one does (7.75).
	slowFactor = 6
)

// Result is what an attempt's end says about the account that it used.
type Result uint8

// The results.
const (
	Neutral   Result = iota // says nothing: the client left, or sent what nobody can answer
	Succeeded               // the answer reached its true end
	Failed
)

// Health says how well a group has worked of late. The zero value is one that
// nobody has asked. It is not safe for concurrent use; who holds it guards it.
type Health struct {
	good, all float64   // outcomes, each halved every healthHalfLife; at is when
	at        time.Time // of the last outcome
	failed    time.Time // last failure; zero for none
	content   float64   // time to first content in seconds; 0 if not known
	contentAt time.Time
}

// Note notes an attempt's end, once for each attempt. content is the time from
// sending the request to the first content; 0 if there was none, or if it is not
// known.
func (h *Health) Note(now time.Time, r Result, content time.Duration) {
	if r == Neutral {
		return
	}
	f := fade(now.Sub(h.at))
	h.good, h.all, h.at = h.good*f, h.all*f+1, now
	if r == Failed {
		h.failed = now
	} else {
		h.good++
	}
	switch seconds := content.Seconds(); {
	case content <= 0:
	case h.content == 0:
		h.content, h.contentAt = seconds, now
	default:
		h.content, h.contentAt = h.content+contentStep*(seconds-h.content), now
	}
}

// Score is H: 50 for successes, 30 for speed against the pool's median time to
// first content, 20 for how long ago the last failure is. It is within 0 to 100;
// 100 is also what nobody has asked. A median of 0 is not known.
func (h *Health) Score(now time.Time, median time.Duration) float64 {
	s := float64(successPoints + speedPoints + recencyPoints)
	if h.all > 0 {
		f := fade(now.Sub(h.at))
		s -= successPoints * (1 - (h.good*f+healthPrior)/(h.all*f+healthPrior))
	}
	if slower := h.slower(now, median); slower > 1 {
		s -= speedPoints * (1 - 1/slower)
	}
	if !h.failed.IsZero() {
		s -= recencyPoints * (1 - unit(float64(now.Sub(h.failed))/float64(errorFades)))
	}
	return s
}

// Slow reports that a group is too slow for its pool to be a conversation's
// home: what a cached prompt saves is less than what waiting costs. It is so
// after two answers in a row that take ten times the median; and no more after
// some minutes without an answer, so that the group is tried again.
func (h *Health) Slow(now time.Time, median time.Duration) bool {
	return h.slower(now, median) >= slowFactor
}

// slower is how many times the median the group takes; 1 if either is not known.
// It goes back to 1 with time: a slow group that nobody asks could not show
// otherwise that it is well again.
func (h *Health) slower(now time.Time, median time.Duration) float64 {
	if h.content == 0 || median <= 0 {
		return 1
	}
	r := h.content / median.Seconds()
	if r <= 1 {
		return 1
	}
	return 1 + (r-1)*fade(now.Sub(h.contentAt))
}

// Content is the time to first content, 0 if not known; for [MedianContent].
func (h *Health) Content() time.Duration {
	return time.Duration(h.content * float64(time.Second))
}

// MedianContent is the median of a pool's times to first content, without those
// that are 0; 0 if none is known. It sorts the times.
func MedianContent(times []time.Duration) time.Duration {
	slices.Sort(times)
	known, _ := slices.BinarySearch(times, 1)
	times = times[known:]
	if len(times) == 0 {
		return 0
	}
	return times[(len(times)-1)/2]
}
