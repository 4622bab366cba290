package account

// The weights of [Score].
const (
	// quotaShare and healthShare weigh the room that a group has left against
	// how well it works. Together they make 1, so both speak in points of 100.
	// Room counts for more: what has room is used evenly, and a group that
	// fails is kept back by its cooldown and its breaker as well.
	quotaShare  = 0.6
	healthShare = 0.4
	// cachedPoints is what a wholly cached prompt at home is worth. Cached input
	// costs a quarter at most, so it outweighs a group that is half used (15
	// points), but not one that is three quarters used and fails too.
	cachedPoints = 27
	// triedPoints is what a group loses that this request has tried. It is as
	// much as a full quota: another one is taken where there is any.
	triedPoints = 60
)

// ScoreNoise is the width, in points, of the random number that replicas add to
// a score, so that those with the same snapshot do not all choose the same
// group. It is small: with a fifth of the quota used, the next tenth costs more.
const ScoreNoise = 2

// UnknownUse is [Fit.Use] of a group whose limits nobody knows. Half is better
// than what is known to be nearly full, and worse than what is known to be free.
const UnknownUse = 0.5

// Fit is what is known of a group for one request.
type Fit struct {
	// Use is the largest fraction of the group's limits (requests and tokens
	// per minute, requests per day, slots) that is used after this request;
	// see [LargestUse]. Values outside of 0 to 1 count as the nearest of them.
	Use float64
	// Health is [Health.Score], 0 to 100.
	Health float64
	// Cached is the share of the prompt, 0 to 1, that is likely to be cached at
	// this group; 0 if it is not the conversation's home.
	Cached float64
	// Pace is how fast the day's quota is used, against what is left of it; see
	// [Pace].
	Pace float64
	// Tried says that this request has asked the group before.
	Tried bool
}

// Score says how well a group suits a request; the highest is chosen. It is
// 0.6 Q + 0.4 H + C − T, less what its [Pace] costs, with Q = 100 (1 − use²): the first half of a quota
// costs a quarter of its points, the second half the rest.
func Score(f Fit) float64 {
	use := unit(f.Use)
	s := quotaShare*100*(1-use*use) + healthShare*f.Health + cachedPoints*unit(f.Cached) - paceLoss(f.Pace)
	if f.Tried {
		s -= triedPoints
	}
	return s
}

// Share is how far one limit is used.
type Share struct {
	Used, Want int64 // so far, and by this request
	Limit      int64 // 0: not known, or none
}

// LargestUse is the largest fraction that is used after the request, for
// [Fit.Use]. It is [UnknownUse] if none of the limits is known.
func LargestUse(shares ...Share) float64 {
	use, known := 0.0, false
	for _, s := range shares {
		if s.Limit > 0 {
			use, known = max(use, float64(s.Used+s.Want)/float64(s.Limit)), true
		}
	}
	if !known {
		return UnknownUse
	}
	return use
}

// unit is x within 0 to 1. What is not a number is 0.
func unit(x float64) float64 {
	switch {
	case x >= 1:
		return 1
	case x > 0:
		return x
	}
	return 0
}
