package conversation

import "time"

// What rate limits count. Dialects have their own names for it.
const (
	RateRequests     = "requests"
	RateTokens       = "tokens"
	RateInputTokens  = "input-tokens"
	RateOutputTokens = "output-tokens"
)

// Rate is what upstream has said of one of its rate limits; the rest is
// unknown.
type Rate struct {
	Of               string
	Limit, Remaining *int
	// Reset is how long it takes until the limit starts anew, At the time at
	// which it does; 0 if unknown.
	Reset time.Duration
	At    time.Time
}
