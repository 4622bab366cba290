package account

import (
	"slices"
	"time"
)

// The points of [Health.Score]; they make 100. Successes count most, then speed
// compared to other groups, then the time since the last failure, which makes a
// group that begins to fail lose points at once, while its share of successes
// is still high.
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
	// healthPrior is a success that every group starts with. A group that was not
	// used, or not for long, counts as healthy, so that it is used again.
	healthPrior = 1
	// errorFades is when the last failure costs no point of recency any more.
	errorFades = 5 * time.Minute
	// contentStep is how far one answer moves the time to first content. Half
	// the way: two answers in a row show a group that has become slow.
	contentStep = 0.5
	// chanceSeconds and chancePart are how much slower than the pool's median,
	// whichever is more, says nothing against a group: answers of one group vary
	// as much. In a simulation of ten groups alike (log-normal, sigma 0.6), light
	// traffic went up to 96 times as often to one as to another without them and
	// with slowness that fades like failures; now it is less than twice, and the
	// mean time is the same.
	chanceSeconds = 0.25
	chancePart    = 0.5
	// slowFades is how many times sooner than failures slowness is forgotten for
	// the score: one slow answer must not keep a group idle for half an hour.
	slowFades = 5
	// slowFactor is how many times the pool's median makes a group too slow to
	// be a home. With contentStep, one answer that takes ten times as long does
	// not reach it (5), a second one does (7.25).
	slowFactor = 6
)

// Result is what an attempt's end says about the account that it used.
type Result uint8

// The results.
const (
	Neutral   Result = iota // no information: the client left, or sent an invalid request
	Succeeded               // the answer reached its true end
	Failed
)

// Health says how well a group has worked recently. The zero value is that of an
// unused group. It is not safe for concurrent use; its holder guards it.
//
// Times are kept in nanoseconds since 1970: those of all groups are read for
// every request, and this takes half the size and the work of time.Time.
type Health struct {
	all, bad float64 // outcomes and failures, each halved every healthHalfLife
	at       int64   // when all and bad were so: at the last outcome
	failed   int64   // last failure
	content  float64 // time to first content in seconds; 0 if unknown
	answered int64   // when content was last measured
}

// Note records an attempt's end, once for each attempt. content is the time from
// sending the request to the first content; 0 if there was none, or if it is
// unknown.
func (h *Health) Note(now time.Time, r Result, content time.Duration) {
	if r == Neutral {
		return
	}
	t := now.UnixNano()
	f := fade(t - h.at)
	h.all, h.bad, h.at = h.all*f+1, h.bad*f, t
	if r == Failed {
		h.bad++
		h.failed = t
	}
	switch seconds := content.Seconds(); {
	case content <= 0:
	case h.content == 0:
		h.content, h.answered = seconds, t
	default:
		h.content, h.answered = h.content+contentStep*(seconds-h.content), t
	}
}

// Score is H: 50 for successes, 30 for speed against the pool's median time to
// first content, 20 for how long ago the last failure is. It is within 0 to
// 100; 100 is also the score of an unused group. A median of 0 is unknown.
func (h *Health) Score(now time.Time, median time.Duration) float64 {
	s := float64(successPoints + speedPoints + recencyPoints)
	if h.bad == 0 && h.content <= notSlower(median) {
		return s
	}
	return s - h.lost(now.UnixNano(), median)
}

// lost is how many points are lost.
func (h *Health) lost(t int64, median time.Duration) (s float64) {
	if h.bad > 0 {
		f := fade(t - h.at)
		s += successPoints * h.bad * f / (h.all*f + healthPrior)
		s += recencyPoints * unit(1-float64(t-h.failed)*(1/float64(errorFades)))
	}
	x := h.slower(median) * fade(slowFades*(t-h.answered))
	s += speedPoints * (1 - 1/(1+x))
	return s
}

// Slow reports that a group is too slow for its pool to be a conversation's
// home: what a cached prompt saves is less than what waiting costs. A group
// becomes slow after two consecutive answers that take ten times the median; it
// stops being slow after some minutes without an answer, so that it is tried
// again.
func (h *Health) Slow(now time.Time, median time.Duration) bool {
	return 1+h.slower(median)*fade(now.UnixNano()-h.answered) >= slowFactor
}

// slower is how many medians the group takes beyond what may be chance; 0 if
// either is unknown. It decays with time: a slow group without requests could
// not show that it has recovered.
func (h *Health) slower(median time.Duration) float64 {
	over := h.content - notSlower(median)
	if median <= 0 || over <= 0 {
		return 0
	}
	return over / (float64(median) * 1e-9)
}

// notSlower is the longest time to first content, in seconds, that says nothing
// against a group.
func notSlower(median time.Duration) float64 {
	m := float64(median) * 1e-9
	return m + max(chanceSeconds, chancePart*m)
}

// Content is the time to first content, 0 if unknown; for [MedianContent].
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
