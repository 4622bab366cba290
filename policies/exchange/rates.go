package exchange

import (
	"slices"
	"strconv"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
)

// tierOf is the service tier that a reply's headers name.
func tierOf(h policies.Headers) string { return gemini.ServiceTier(h.Get("x-gemini-service-tier")) }

// rateHeaders pass the rate limits that the provider or a gateway before it has
// sent on to the client of a good reply.
func (a *attempt) rateHeaders() policies.Headers {
	if a.features.RateHeaders == nil {
		return nil
	}
	return a.features.RateHeaders(a.timed(headerRates(a.response.Headers)))
}

// withRates adds to rates those of more that it lacks.
func withRates(rates, more []conversation.Rate) []conversation.Rate {
	for _, m := range more {
		if !slices.ContainsFunc(rates, func(r conversation.Rate) bool { return r.Of == m.Of }) {
			rates = append(rates, m)
		}
	}
	return rates
}

// timed adds the time at which each limit resets.
func (a *attempt) timed(rates []conversation.Rate) []conversation.Rate {
	for i := range rates {
		if rates[i].Reset > 0 {
			rates[i].At = a.x.clock.Now().Add(rates[i].Reset)
		}
	}
	return rates
}

// headerRates reads rate limits from headers in OpenAI's form, which most
// gateways use.
func headerRates(h policies.Headers) (rates []conversation.Rate) {
	for _, of := range []string{conversation.RateRequests, conversation.RateTokens} {
		r := conversation.Rate{
			Of: of, Limit: count(h.Get("x-ratelimit-limit-" + of)), Remaining: count(h.Get("x-ratelimit-remaining-" + of)),
			Reset: wait(h.Get("x-ratelimit-reset-" + of)),
		}
		if r.Limit != nil || r.Remaining != nil {
			rates = append(rates, r)
		}
	}
	return rates
}

// count is a whole number, or nil.
func count(s string) *int {
	if s == "" {
		return nil // without the cost of an error
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return nil
	}
	return &n
}

// longestReset bounds the reset of a limit; a longer one is not believed.
const longestReset = 32 * 24 * time.Hour

// wait is a duration such as 6m0s, or a number of seconds; 0 for neither.
func wait(s string) time.Duration {
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		d, err = time.ParseDuration(s + "s")
	}
	if err != nil || d < 0 || d > longestReset {
		return 0
	}
	return d
}
