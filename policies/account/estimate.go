package account

import "math"

const (
	// bytesPerToken is Google's rule of thumb for text. Where it is wrong, as
	// for other scripts or for JSON, the ratio corrects it.
	bytesPerToken = 4
	// ratioMost bounds one observation, upwards and downwards: one odd count
	// must not spoil the estimate of all.
	ratioMost = 8
	// ratioQuantile is how many standard deviations over the mean the third
	// quartile is (of a normal distribution), roomQuantile the same for nine in ten. An
	// estimate that is too low costs a refusal by the provider, one that is too high
	// only some room until the answer begins.
	ratioQuantile = 0.6745
	roomQuantile  = 1.2816
	// ratioLeast is the estimate of text, in tokens, below which a request teaches
	// nothing: what upstream adds to each would be most of it.
	ratioLeast = 64
)

// Estimator predicts how many input tokens a request has, from earlier ones of
// the same tenant for the same model. It is not safe for concurrent use; its
// holder guards it.
type Estimator struct{ ratios trends }

// NewEstimator makes an estimator without observations.
func NewEstimator() *Estimator { return &Estimator{trends{}} }

// Tokens estimates the input tokens of a request from the bytes of its text,
// which is everything that is not media, and the tokens of its media; see
// [Media.Tokens]. It aims at the third quartile: three in four requests have
// fewer.
func (e *Estimator) Tokens(tenant, model string, text, media int64) int64 {
	return e.quantile(tenant, model, text, media, ratioQuantile)
}

// Room is how many tokens of a minute's quota to keep free for the request; nine
// in ten requests have fewer. The excess is given back as soon as upstream has
// counted.
func (e *Estimator) Room(tenant, model string, text, media int64) int64 {
	return e.quantile(tenant, model, text, media, roomQuantile)
}

func (e *Estimator) quantile(tenant, model string, text, media int64, deviations float64) int64 {
	tokens := float64(text) / bytesPerToken
	if r := e.ratios[trendKey{tenant, model}]; r != nil {
		tokens *= r.mean + deviations*math.Sqrt(r.variance)
	}
	return int64(math.Ceil(tokens)) + media
}

// Note records how many input tokens a request had, cached ones included.
func (e *Estimator) Note(tenant, model string, text, media, tokens int64) {
	estimate := float64(text) / bytesPerToken
	if estimate < ratioLeast || float64(media) > estimate || tokens <= 0 {
		return // the media's share is a guess as well, so they must not be most
	}
	ratio := min(max(float64(tokens-media)/estimate, 1./ratioMost), ratioMost)
	e.ratios.note(tenant, model, 1, ratio) // real tokens divided by estimated
}
