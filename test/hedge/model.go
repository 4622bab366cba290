package main

import (
	"math"
	"math/rand/v2"
	"time"
)

// Of first tokens.
const (
	median    = 800 * time.Millisecond
	slowest99 = 12 * time.Second
)

// z99 is the 99th percentile of the normal distribution.
const z99 = 2.3263478740408408

// pair is how long each sending of one request takes.
type pair [2]time.Duration

// draws are the requests of a table: log-normal times, whose logarithms have
// the correlation within a pair.
func draws(n int, correlation float64) []pair {
	random := rand.New(rand.NewPCG(20, 26))
	sigma := math.Log(float64(slowest99)/float64(median)) / z99
	took := func(z float64) time.Duration { return time.Duration(float64(median) * math.Exp(sigma*z)) }
	out := make([]pair, n)
	for i := range out {
		first, other := random.NormFloat64(), random.NormFloat64()
		second := correlation*first + math.Sqrt(1-correlation*correlation)*other
		out[i] = pair{took(first), took(second)}
	}
	return out
}
