package simulate

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Request is one request of a client, with everything that chance decides about
// it.
type Request struct {
	ID     int
	At     time.Duration // of arrival
	Tenant int
	Model  int
	// Conversation is the one it is a turn of; -1 is none. Prefix is how much of
	// the input the conversation's last request had already.
	Conversation  int
	Prefix        int64
	Input, Output int64 // tokens
	Estimate      int64 // of input tokens, as a gateway would guess
	// Content is the time to first content, Stream the time from there to the
	// answer's end.
	Content, Stream time.Duration
	Replica         int // that receives it
	Seed            uint64
}

// Service is what serving the request is worth: an output token costs about four
// times an input token.
func (r *Request) Service() int64 { return r.Input + 4*r.Output }

// Times to first content are log-normal: median 0.8 s, 99th percentile 6 s.
const (
	contentMedian = 0.8
	contentSigma  = 0.87
	contentMean   = 1.17
	// secondsPerToken is what an output token takes: 100 come in a second.
	secondsPerToken = 0.01
)

// cacheMinimum is the shortest prompt that implicit caches keep (Gemini 3).
const cacheMinimum = 4096

// Workload draws the scenario's requests, in order of arrival.
func (s *Scenario) Workload() []*Request {
	var all []*Request
	for tenant := range s.Tenants {
		// A stream of its own, so that a change to one tenant moves no other.
		rnd := rand.New(rand.NewPCG(s.Seed, uint64(tenant)+1))
		if s.Sizes.Conversations {
			all = append(all, s.conversations(rnd, tenant)...)
		} else {
			all = append(all, s.singles(rnd, tenant)...)
		}
	}
	slices.SortStableFunc(all, func(a, b *Request) int { return int(a.At - b.At) })
	for i, r := range all {
		r.ID = i
	}
	return all
}

// rate is the tenant's requests per second at a time.
func (s *Scenario) rate(tenant int, t time.Duration) float64 {
	var shares float64
	for _, t := range s.Tenants {
		shares += t.Share
	}
	rate := s.Load * s.perSecond() * s.Tenants[tenant].Share / shares
	switch {
	case s.Burst == 0:
		return rate
	case t%time.Minute < 10*time.Second:
		return rate * s.Burst
	}
	return rate * (6 - s.Burst) / 5 // the minute's mean stays
}

// peakRate is never below rate.
func (s *Scenario) peakRate(tenant int) float64 {
	return max(s.rate(tenant, 0), s.rate(tenant, 30*time.Second))
}

// singles draws requests that have nothing to do with each other.
func (s *Scenario) singles(rnd *rand.Rand, tenant int) []*Request {
	var all []*Request
	for t := range arrivals(rnd, s.peakRate(tenant), s.Length) {
		if rnd.Float64()*s.peakRate(tenant) > s.rate(tenant, t) {
			continue // thinning: arrivals follow the rate of the time
		}
		r := s.draw(rnd, tenant, t)
		r.Input = s.size(rnd, s.Sizes.Input)
		s.estimate(rnd, r)
		all = append(all, r)
	}
	return all
}

// meanTurns is how many requests a conversation has on average.
const meanTurns = 8

// conversations draws requests that are turns of conversations. They begin at
// the rate at which the mean number of turns makes the load.
func (s *Scenario) conversations(rnd *rand.Rand, tenant int) []*Request {
	var all []*Request
	number := 0
	for begin := range arrivals(rnd, s.peakRate(tenant)/meanTurns, s.Length) {
		id := tenant<<20 | number
		number++
		model := rnd.IntN(len(s.Models))
		input, prefix := s.size(rnd, s.Sizes.Input), int64(0)
		for t := begin; t < s.Length; {
			r := s.draw(rnd, tenant, t)
			r.Conversation, r.Model, r.Input, r.Prefix = id, model, input, prefix
			s.estimate(rnd, r)
			all = append(all, r)
			prefix = input + r.Output
			input = prefix + int64(500+rnd.IntN(2000))
			t += r.Content + r.Stream + time.Duration(rnd.ExpFloat64()*float64(15*time.Second))
			if rnd.Float64() < 1./meanTurns {
				break
			}
		}
	}
	return all
}

// draw draws what all kinds of requests have.
func (s *Scenario) draw(rnd *rand.Rand, tenant int, t time.Duration) *Request {
	r := &Request{
		At: t, Tenant: tenant, Conversation: -1, Model: rnd.IntN(len(s.Models)),
		Output: s.size(rnd, s.Sizes.Output), Seed: rnd.Uint64(), Replica: rnd.IntN(s.replicas()),
	}
	r.Content = seconds(contentMedian * math.Exp(contentSigma*rnd.NormFloat64()))
	r.Stream = seconds(float64(r.Output) * secondsPerToken)
	return r
}

// size draws a number of tokens; it is never above a model's window.
func (s *Scenario) size(rnd *rand.Rand, median float64) int64 {
	factor := math.Exp(s.Sizes.Spread * rnd.NormFloat64())
	if a := s.Sizes.HeavyTail; a > 0 {
		factor = math.Pow(2*(1-rnd.Float64()), -1/a) // Pareto with median 1
	}
	return int64(min(max(median*factor, 1), 1_000_000))
}

// mean is of sizes with that median.
func (z *Sizes) mean(median float64) float64 {
	if a := z.HeavyTail; a > 1 {
		return median * math.Pow(2, -1/a) * a / (a - 1)
	}
	return median * math.Exp(z.Spread*z.Spread/2)
}

// estimate draws what a gateway guesses of the request's input.
func (s *Scenario) estimate(rnd *rand.Rand, r *Request) {
	r.Estimate = max(int64(float64(r.Input)*(1+s.EstimateError*(2*rnd.Float64()-1))), 1)
}

// arrivals are the times of a Poisson process.
func arrivals(rnd *rand.Rand, perSecond float64, length time.Duration) func(func(time.Duration) bool) {
	return func(yield func(time.Duration) bool) {
		if perSecond <= 0 {
			return
		}
		for t := seconds(rnd.ExpFloat64() / perSecond); t < length; t += seconds(rnd.ExpFloat64() / perSecond) {
			if !yield(t) {
				return
			}
		}
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
