package account

// The weights of [Score].
const (
	// quotaShare and healthShare weigh the room that a group has left against how
	// well it works. Together they make 1, so both speak in points of 100. Room
	// counts for more: groups with room are used evenly, and a group that fails is
	// also kept back by its cooldown and its breaker.
	quotaShare  = 0.6
	healthShare = 0.4
	// cachedPoints is what a wholly cached prompt at home is worth. Cached input
	// costs a quarter at most, so it outweighs a group that is half used (15
	// points), but not one that is three quarters used and fails too.
	cachedPoints = 27
	// triedPoints is what a group loses that this request has tried. It is as
	// much as a full quota: another one is taken where there is any.
	triedPoints = 60
	// recentPoints is what a group with unknown limits loses if it was asked last;
	// see [Fit.Recent]. It is more than ScoreNoise, so that groups take turns, and
	// with it less than a prompt of which a third is cached is worth, so that
	// conversations stay at home.
	recentPoints = 6
)

// ScoreNoise is the width, in points, of the random number that replicas add to
// a score, so that those with the same snapshot do not all choose the same
// group. It is small: with a fifth of the quota used, the next tenth costs more.
const ScoreNoise = 2

// noise is a row of such numbers, made from a random one: a group each costs a
// multiplication. It is a multiplicative congruential generator (Steele, Vigna:
// Computationally easy, spectrally good multipliers), so 0 makes a row of 0.
type noise uint64

// newNoise begins a row with a number in [0,1).
func newNoise(random float64) noise { return noise(random * (1 << 53)) }

// next is in [0,1).
func (n *noise) next() float64 {
	*n *= 0xd1342543de82ef95
	return float64(*n>>11) * (1. / (1 << 53))
}

// UnknownUse is [Fit.Use] of a group with unknown limits. Half is better than a
// group known to be nearly full, and worse than one known to be free.
const UnknownUse = 0.5

// Fit is what is known of a group for one request.
type Fit struct {
	// Use is the largest fraction of the group's limits (requests and tokens
	// per minute, requests per day, slots) that is used after this request; see
	// [LargerUse]. It is [UnknownUse] if none of them is known. Values outside of 0 to 1 count as the nearest of them.
	Use float64
	// Health is [Health.Score], 0 to 100.
	Health float64
	// Cached is the share of the prompt, 0 to 1, that is likely to be cached at
	// this group; 0 if it is not the conversation's home.
	Cached float64
	// Pace is how fast the day's quota is used, against what is left of it; see
	// [Pace].
	Pace float64
	// Recent is 1 if the group's limits are unknown and it was asked last of all,
	// 1/2 if one attempt went elsewhere since, 1/3 after two; 0 if its limits are known.
	Recent float64
	// Tried says that this request has asked the group before.
	Tried bool
}

// Score says how well a group suits a request; the highest is chosen. It is
// 0.6 Q + 0.4 H + C − T, less what its [Pace] and its last turn cost, with
// Q = 100 (1 − use²): the first half of a quota costs a quarter of its points, the
// second half the rest.
func Score(f *Fit) float64 {
	use := unit(f.Use)
	s := quotaShare*100*(1-use*use) + healthShare*f.Health + cachedPoints*unit(f.Cached) - recentPoints*f.Recent - paceLoss(f.Pace)
	if f.Tried {
		s -= triedPoints
	}
	return s
}

// LargerUse is the larger of a use and the fraction of a limit that is used after
// the request; a limit of 0 is none, or not known. Over all limits, begun with 0,
// it is [Fit.Use].
func LargerUse(use float64, used, limit int64) float64 {
	if limit <= 0 {
		return use
	}
	return max(use, float64(used)/float64(limit))
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
