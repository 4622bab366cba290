package main

import (
	"time"

	"github.com/heald-proxy/heald/policies/hedge"
)

// simulate plays requests, one after the other, under a policy of heald.
func simulate(requests []pair, policy string) (result, error) {
	delay, err := hedge.ParseDelay(policy)
	if err != nil {
		return result{}, err
	}
	var (
		times  hedge.Times
		budget hedge.Budget
		key    hedge.Key
		r      = result{policy: policy, requests: len(requests)}
	)
	for _, p := range requests {
		budget.Earn()
		after, known := times.Quantile(key, delay.Percentile)
		if policy == hedge.Off || !known || p[0] <= after || !budget.Take() {
			r.took = append(r.took, p[0])
			times.Add(key, p[0], false)
			continue
		}
		r.duplicates++
		second := after + p[1]
		r.took = append(r.took, min(p[0], second))
		times.Add(key, min(p[0], second), second < p[0])
	}
	return r, nil
}

// result is the result of one policy.
type result struct {
	policy     string
	requests   int
	duplicates int
	took       []time.Duration
}
