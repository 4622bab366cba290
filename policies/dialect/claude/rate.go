package claude

import (
	"strconv"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
)

// RateHeaders are the headers in which the API's clients look for rate limits.
func (d *Dialect) RateHeaders(rates []conversation.Rate) (h policies.Headers) {
	for _, r := range rates {
		name := "anthropic-ratelimit-" + r.Of
		if r.Limit != nil {
			h.Set(name+"-limit", strconv.Itoa(*r.Limit))
		}
		if r.Remaining != nil {
			h.Set(name+"-remaining", strconv.Itoa(*r.Remaining))
		}
		if !r.At.IsZero() {
			h.Set(name+"-reset", r.At.UTC().Format(time.RFC3339))
		}
	}
	return h
}
