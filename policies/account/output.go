package account

import "math"

const (
	// firstOutput is how many output tokens are expected of a request while
	// nothing is known: long for a chat, usual for an agent that writes code.
	firstOutput = 4096
	// outputQuantile is how many standard deviations over the mean the 95th
	// percentile is (of a normal distribution, which lengths of answers have on
	// a logarithmic scale).
	outputQuantile = 1.6449
	// enoughOutputs is how many answers it takes until less than firstOutput is
	// expected: a few short ones say nothing of the longest 5 %.
	enoughOutputs = 10
	// mostOutput bounds what is expected and what is noted; the longest answers
	// of 2026 have 65,536 tokens.
	mostOutput = 1 << 20
)

// Outputs predicts how many output tokens a request needs at most in 19 of 20
// cases, from earlier ones of the same tenant and model, thinking included. It
// is not safe for concurrent use; its holder guards it.
type Outputs struct{ logs trends }

// NewOutputs makes one without observations.
func NewOutputs() *Outputs { return &Outputs{trends{}} }

// Tokens is what 95 of 100 requests do not exceed.
func (o *Outputs) Tokens(tenant, model string) int64 {
	t := o.logs[trendKey{tenant, model}]
	if t == nil {
		return firstOutput
	}
	n := int64(math.Ceil(min(math.Exp(t.mean+outputQuantile*math.Sqrt(t.variance)), mostOutput)))
	if t.seen < enoughOutputs {
		return max(n, firstOutput)
	}
	return n
}

// Note records how many output tokens an answer had. An answer without any is
// ignored.
func (o *Outputs) Note(tenant, model string, tokens int64) {
	if tokens > 0 {
		// The first answer counts twice, and not firstOutput with it: two numbers so
		// far apart would look like answers of all lengths.
		length := math.Log(float64(min(tokens, mostOutput)))
		o.logs.note(tenant, model, length, length)
	}
}
