package account

import "math"

const (
	// bytesPerToken is Google's rule of thumb for text. Where it is wrong, as
	// for other scripts or for JSON, the ratio corrects it.
	bytesPerToken = 4
	// ratioStep is how far one request moves the ratio: the last ten or so
	// count.
	ratioStep = 0.1
	// ratioMost bounds one observation, upwards and downwards: one odd count
	// must not spoil the estimate of all.
	ratioMost = 8
	// ratioQuantile is how many standard deviations over the mean the third
	// quartile is (of a normal distribution). An estimate that is too low costs
	// a refusal, one that is too high only some room for a moment.
	ratioQuantile = 0.6745
	// ratioLeast is the estimate of text, in tokens, below which a request
	// teaches nothing: what upstream adds to each would be most of it.
	ratioLeast = 64
	// mostRatios bounds the pairs of tenant and model that are remembered.
	mostRatios = 10_000
)

// Estimator says how many input tokens a request is likely to have, from what
// earlier ones of the same tenant for the same model really had. It aims at the
// third quartile: three in four requests have fewer. It is not safe for
// concurrent use; who holds it guards it.
type Estimator struct{ ratios map[ratioKey]*ratio }

type ratioKey struct{ tenant, model string }

// ratio is the real number of tokens divided by the estimated, as a mean and a
// variance in which the latest requests count most.
type ratio struct {
	mean, variance float64
	seen           int // requests, up to 1/ratioStep
}

// NewEstimator makes an estimator that knows nothing yet.
func NewEstimator() *Estimator { return &Estimator{ratios: map[ratioKey]*ratio{}} }

// Tokens estimates the input tokens of a request: its text has so many bytes,
// everything that is not media included, and its media so many tokens; see
// [Media.Tokens].
func (e *Estimator) Tokens(tenant, model string, text, media int64) int64 {
	tokens := float64(text) / bytesPerToken
	if r := e.ratios[ratioKey{tenant, model}]; r != nil {
		tokens *= r.mean + ratioQuantile*math.Sqrt(r.variance)
	}
	return int64(math.Ceil(tokens)) + media
}

// Note notes how many input tokens a request really had, cached ones included.
func (e *Estimator) Note(tenant, model string, text, media, tokens int64) {
	estimate := float64(text) / bytesPerToken
	if estimate < ratioLeast || float64(media) > estimate || tokens <= 0 {
		return // the media's share is a guess as well, so they must not be most
	}
	key := ratioKey{tenant, model}
	r := e.ratios[key]
	if r == nil {
		e.makeRoom()
		r = &ratio{mean: 1}
		e.ratios[key] = r
	}
	r.note(float64(tokens-media) / estimate)
}

func (r *ratio) note(x float64) {
	x = min(max(x, 1./ratioMost), ratioMost)
	if r.seen < 1/ratioStep {
		r.seen++
	}
	// The first request weighs as much as the assumption that it is 1.
	step := max(ratioStep, 1/float64(r.seen+1))
	d := x - r.mean
	r.mean += step * d
	r.variance = (1 - step) * (r.variance + step*d*d)
}

// makeRoom drops some where there are too many: they begin again at 1.
func (e *Estimator) makeRoom() {
	if len(e.ratios) < mostRatios {
		return
	}
	for k := range e.ratios {
		if len(e.ratios) <= mostRatios*9/10 {
			return
		}
		delete(e.ratios, k)
	}
}
