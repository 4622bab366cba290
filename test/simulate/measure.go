package simulate

import (
	"math"
	"slices"
	"time"
)

// Result is what one policy achieved in one scenario.
type Result struct {
	Scenario string `json:"scenario"`
	Policy   string `json:"policy"`
	Seed     uint64 `json:"seed"`
	Requests int    `json:"requests"`
	// Good is the share of requests whose answer began within 30 s of their
	// arrival, and OfBound how much of the upper bound that is, in the unit
	// (requests, tokens, time) in which the bound is nearest.
	Good    float64 `json:"good"`
	OfBound float64 `json:"of_bound"`
	// RateLimited and Failed are attempts that ended with 429, and with 5xx or
	// in silence, for each 1,000 that went upstream.
	RateLimited float64 `json:"rate_limited_per_1000"`
	Failed      float64 `json:"failed_per_1000"`
	// WaitP50 and WaitP99 are seconds from the arrival until the attempt was sent
	// that was answered; of answered requests.
	WaitP50 float64 `json:"wait_p50"`
	WaitP99 float64 `json:"wait_p99"`
	// Jain is the index of fairness of what the backlogged tenants were served,
	// by weight; 0 with fewer than two such tenants. Worst is what the worst
	// tenant was served, as a share of what it was entitled to.
	Jain  float64 `json:"jain"`
	Worst float64 `json:"worst_tenant"`
	// Cached is the share of input tokens that came from caches. Extra is what
	// input cost more than if each answered request had been sent once, to where
	// its conversation is cached.
	Cached float64 `json:"cached"`
	Extra  float64 `json:"extra_billed"`
	// Took is real time.
	Took time.Duration `json:"took"`
}

// Measure sums up the outcomes of the requests.
func Measure(s *Scenario, told []Told, bound Amount) Result {
	var inTime, early, demand Amount // early is what counts for the bound
	var attempts, limited, failed, input, cached, billed, needed float64
	var waits []time.Duration
	served, wanted := make([]float64, len(s.Tenants)), make([]float64, len(s.Tenants))
	for _, t := range told {
		r := t.Request
		demand = demand.plus(r.amount())
		wanted[r.Tenant] += float64(r.Service())
		attempts += float64(t.Attempts)
		limited += float64(t.RateLimited)
		failed += float64(t.Failed)
		billed += t.Billed
		if !t.Answered {
			continue
		}
		waits = append(waits, t.Waited)
		input += float64(r.Input)
		cached += float64(t.Cached)
		needed += r.leastBilled()
		if t.Content <= goodWithin {
			inTime = inTime.plus(r.amount())
			served[r.Tenant] += float64(r.Service())
			early = early.plus(t.early(s.Length))
		}
	}
	slices.Sort(waits)
	out := Result{
		Scenario: s.Name, Seed: s.Seed, Requests: len(told),
		Good: ratio(float64(inTime.Requests), float64(len(told))), OfBound: early.of(bound),
		RateLimited: 1000 * ratio(limited, attempts), Failed: 1000 * ratio(failed, attempts),
		WaitP50: quantile(waits, 0.5), WaitP99: quantile(waits, 0.99),
		Cached: ratio(cached, input), Extra: ratio(billed-needed, needed),
	}
	out.Jain, out.Worst = fairness(s.Tenants, served, wanted, bound.least(demand))
	return out
}

// early is the part of an answer that counts for the bound: content that came, and
// time that ended, before the last arrival.
func (t *Told) early(length time.Duration) Amount {
	a := t.Request.amount()
	if t.At > length {
		return Amount{}
	}
	if t.At+t.Request.Stream > length {
		a.Held = 0
	}
	return a
}

// leastBilled is what a request costs where all that can be cached is.
func (r *Request) leastBilled() float64 {
	cached := int64(0)
	if r.Prefix >= cacheMinimum {
		cached = r.Prefix
	}
	return float64(r.Input-cached) + cachedPrice*float64(cached)
}

// fairness compares what tenants were served with their fair shares of the part
// of the load that can be served. Backlogged tenants are those that want clearly
// more than their share.
func fairness(tenants []Tenant, served, wanted []float64, part float64) (jain, worst float64) {
	fair := fairShares(tenants, wanted, part)
	worst = math.Inf(1)
	var n, sum, squares float64
	for i, t := range tenants {
		if fair[i] > 0 {
			worst = min(worst, served[i]/fair[i])
		}
		if fair[i] < 0.95*wanted[i] {
			x := served[i] / t.weight()
			n, sum, squares = n+1, sum+x, squares+x*x
		}
	}
	if n >= 2 {
		jain = ratio(sum*sum, n*squares)
	}
	return jain, worst
}

func (t Tenant) weight() float64 {
	if t.Weight == 0 {
		return 1
	}
	return t.Weight
}

// fairShares divides a part of what all want by weight; what a tenant does not
// want of its share goes to the others.
func fairShares(tenants []Tenant, wanted []float64, part float64) []float64 {
	var rest float64
	for _, w := range wanted {
		rest += part * w
	}
	fair := make([]float64, len(tenants))
	open := map[int]bool{}
	for i := range tenants {
		open[i] = true
	}
	for len(open) > 0 {
		var weights float64
		for i := range open {
			weights += tenants[i].weight()
		}
		satisfied := -1
		for i := range tenants {
			if open[i] && wanted[i] <= rest*tenants[i].weight()/weights {
				satisfied = i
				break
			}
		}
		if satisfied < 0 {
			for i := range open {
				fair[i] = rest * tenants[i].weight() / weights
			}
			return fair
		}
		fair[satisfied] = wanted[satisfied]
		rest -= wanted[satisfied]
		delete(open, satisfied)
	}
	return fair
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// quantile is in seconds.
func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)].Seconds()
}
