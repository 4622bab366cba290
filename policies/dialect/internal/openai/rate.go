package openai

import (
	"strconv"
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
)

// RateHeaders are the headers in which the API's clients look for rate limits.
// It has one limit for all tokens; the first known one is used.
func RateHeaders(rates []conversation.Rate) (h policies.Headers) {
	known := map[string]bool{}
	for _, r := range rates {
		of := r.Of
		if strings.HasSuffix(of, conversation.RateTokens) {
			of = conversation.RateTokens
		}
		if known[of] {
			continue
		}
		known[of] = true
		set := func(what, value string) { h.Set("x-ratelimit-"+what+"-"+of, value) }
		if r.Limit != nil {
			set("limit", strconv.Itoa(*r.Limit))
		}
		if r.Remaining != nil {
			set("remaining", strconv.Itoa(*r.Remaining))
		}
		if r.Reset > 0 {
			set("reset", r.Reset.String())
		}
	}
	return h
}
