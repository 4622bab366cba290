package account

const (
	// trendStep is how far one request moves a trend: the last ten or so count.
	trendStep = 0.1
	// mostTrends bounds the pairs of tenant and model that are remembered.
	mostTrends = 10_000
)

// trend is a number that requests differ in, as a mean and a variance in which the
// latest count most.
type trend struct {
	mean, variance float64
	seen           int // requests, up to 1/trendStep
}

func (t *trend) note(x float64) {
	if t.seen < 1/trendStep {
		t.seen++
	}
	// The first request weighs as much as the assumption that it began with.
	step := max(trendStep, 1/float64(t.seen+1))
	d := x - t.mean
	t.mean += step * d
	t.variance = (1 - step) * (t.variance + step*d*d)
}

// trends are those of each tenant and model. The models may be names of clients'.
type trends map[trendKey]*trend

type trendKey struct{ tenant, model string }

// note notes a number; assumed is what was taken for it while nothing was
// known.
func (t trends) note(tenant, model string, assumed, x float64) {
	key := trendKey{tenant, model}
	of := t[key]
	if of == nil {
		t.makeRoom()
		of = &trend{mean: assumed}
		t[key] = of
	}
	of.note(x)
}

// makeRoom drops some where there are too many: they begin again.
func (t trends) makeRoom() {
	if len(t) < mostTrends {
		return
	}
	for k := range t {
		if len(t) <= mostTrends*9/10 {
			return
		}
		delete(t, k)
	}
}
