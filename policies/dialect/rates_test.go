package dialect_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/chat"
	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/dialect/completions"
	"github.com/heald-proxy/heald/policies/dialect/native"
	"github.com/heald-proxy/heald/policies/dialect/responses"
)

// Each API has its own names and forms for rate limits. Unknown limits are left
// out; native clients have no such headers.
func TestRateHeaders(t *testing.T) {
	const at = 1_760_000_000
	rates := []conversation.Rate{
		{Of: conversation.RateRequests, Limit: new(10), Remaining: new(0), Reset: 6 * time.Minute, At: time.Unix(at, 0)},
		{Of: conversation.RateInputTokens, Remaining: new(0)},
		{Of: conversation.RateTokens, Limit: new(5)},
	}
	openai := "[{x-ratelimit-limit-requests 10} {x-ratelimit-remaining-requests 0} {x-ratelimit-reset-requests 6m0s} {x-ratelimit-remaining-tokens 0}]"
	for _, c := range []struct {
		dialect dialect.Dialect
		want    string
	}{
		{claude.New(), "[{anthropic-ratelimit-requests-limit 10} {anthropic-ratelimit-requests-remaining 0} {anthropic-ratelimit-requests-reset 2025-10-09T08:53:20Z}" +
			" {anthropic-ratelimit-input-tokens-remaining 0} {anthropic-ratelimit-tokens-limit 5}]"},
		{chat.New(chat.Config{}), openai},
		{responses.New(), openai},
		{completions.New(), openai},
		{native.New(), "[]"},
	} {
		_, plain, _ := c.dialect.Error(&conversation.Error{Kind: conversation.ErrRateLimit})
		_, told, _ := c.dialect.Error(&conversation.Error{Kind: conversation.ErrRateLimit, Rates: rates})
		if got := fmt.Sprint(told[len(plain):]); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.dialect.Name(), got, c.want)
		}
	}
}
