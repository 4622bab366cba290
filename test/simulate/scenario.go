package simulate

import (
	"fmt"
	"math"
	"time"
)

// Scenario is one simulated pool under one load.
type Scenario struct {
	Name string
	What string // in words, for the table
	Seed uint64
	// Length is how long requests arrive. The simulation ends when the last of
	// them has its answer.
	Length time.Duration
	// Start is the time of day, UTC, at which they begin to arrive.
	Start    time.Duration
	Projects []Project
	Models   []string // at least one; each has limits of its own in each project
	// FixedMinutes makes the provider count by the clock's minutes; otherwise no
	// 60 seconds have more than the limit.
	FixedMinutes bool
	Limits       Knowledge
	// Load is the rate of arrivals in multiples of what the pool can serve.
	Load    float64
	Tenants []Tenant
	Sizes   Sizes
	// Burst, if not 0, is by how much the load is multiplied for 10 seconds of
	// each minute; the other 50 have less, so that Load is still the mean.
	Burst float64
	// EstimateError is the largest error of estimated tokens: 0.5 is half too
	// few to half too many, evenly.
	EstimateError float64
	Replicas      int // of the gateway; 0 is 1
	// StoreGone is when the replicas' shared store cannot be reached.
	StoreGone Period
	Aim       Aim
}

// Knowledge says what is known of the provider's limits.
type Knowledge string

// What is known of limits.
const (
	Known   Knowledge = "known"   // configured
	Learned Knowledge = "learned" // told by 429s only
	Hidden  Knowledge = "hidden"  // not even told by 429s
)

// Limits are of one model in one project; 0 is no limit.
type Limits struct{ RPM, TPM, RPD int64 }

// Project is a quota group at the provider.
type Project struct {
	Name     string
	Backend  string
	Accounts int
	Limits   Limits
	// Dropped replaces Limits from DropAt on; a DropAt of 0 is never.
	Dropped Limits
	DropAt  time.Duration
	// Capacity is how many requests of a model the provider serves at once, as
	// time goes on: one entry for each minute; the last one repeats. Empty is no
	// limit. What exceeds it is refused as shared capacity.
	Capacity []int
	Outage   Period
	// Silent makes an outage one without answers; otherwise it answers 503.
	Silent bool
	Slow   Period
	// SlowBy multiplies the time to first content during Slow.
	SlowBy float64
}

// at returns the limits that hold at a time.
func (p *Project) at(t time.Duration) Limits {
	if p.DropAt > 0 && t >= p.DropAt {
		return p.Dropped
	}
	return p.Limits
}

// capacity is how many requests are served at once at a time; 0 is no limit.
func (p *Project) capacity(t time.Duration) int {
	if len(p.Capacity) == 0 {
		return 0
	}
	return p.Capacity[min(int(t/time.Minute), len(p.Capacity)-1)]
}

// slowness is by what the time to first content is multiplied.
func (p *Project) slowness(t time.Duration) float64 {
	if p.Slow.has(t) {
		return p.SlowBy
	}
	return 1
}

// Period is a time within a scenario, From included, To not.
type Period struct{ From, To time.Duration }

func (p Period) has(t time.Duration) bool { return p.From <= t && t < p.To }

// Tenant is one of those who send requests.
type Tenant struct {
	Name   string
	Weight float64
	// Share is its part of the load, in the same unit as all others' together.
	Share float64
	// MaxWaiting is how many of its requests may wait, where the policy has
	// such a room; 0 is no limit.
	MaxWaiting int
}

// Sizes says what requests look like.
type Sizes struct {
	// Input is the median of input tokens, log-normal with Spread; with
	// Conversations it is the first request's.
	Input  float64
	Spread float64 // sigma; 0 makes all alike
	Output float64 // median of output tokens
	// HeavyTail makes sizes Pareto with this exponent instead; 0 does not.
	HeavyTail float64
	// Conversations makes requests the turns of conversations, whose beginnings
	// a provider's project has in its cache.
	Conversations bool
}

// Aim is what heald must reach in a scenario; 0 is no aim.
type Aim struct {
	OfBound     float64 // least share of the upper bound
	Refused     float64 // most 429s for each 1,000 attempts
	Jain        float64 // least index of fairness
	WorstTenant float64 // least share of what a tenant was entitled to
}

// Account is one credential of a project.
type Account struct {
	ID      string
	Project int
}

// accounts lists all accounts, one project's after the other's.
func (s *Scenario) accounts() []Account {
	var all []Account
	for i, p := range s.Projects {
		for n := range max(p.Accounts, 1) {
			all = append(all, Account{ID: fmt.Sprintf("%s-%d", p.Name, n+1), Project: i})
		}
	}
	return all
}

// perSecond is the rate of requests that the pool can serve at its beginning.
func (s *Scenario) perSecond() (sum float64) {
	for _, p := range s.Projects {
		rate := math.Inf(1)
		if p.Limits.RPM > 0 {
			rate = float64(p.Limits.RPM) / 60
		}
		if p.Limits.TPM > 0 {
			rate = min(rate, float64(p.Limits.TPM)/60/s.Sizes.mean(s.Sizes.Input))
		}
		if len(p.Capacity) > 0 {
			rate = min(rate, float64(p.Capacity[0])/(contentMean+secondsPerToken*s.Sizes.mean(s.Sizes.Output)))
		}
		sum += rate
	}
	return sum * float64(len(s.Models))
}

// replicas is how many replicas of the gateway there are.
func (s *Scenario) replicas() int { return max(s.Replicas, 1) }
