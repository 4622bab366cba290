package account

import "testing"

func TestQuotaLimit(t *testing.T) {
	for _, c := range []struct {
		quota Quota
		kind  LimitKind
		value int64
		model string
	}{
		{Quota{
			ID: "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", Metric: "generativelanguage.googleapis.com/generate_content_free_tier_requests",
			Value: "15", Dimensions: map[string]string{"location": "global", "model": "gemini-2.5-flash"},
		}, RequestsPerMinute, 15, "gemini-2.5-flash"},
		{Quota{ID: "GenerateRequestsPerDayPerProjectPerModel-FreeTier", Value: "250"}, RequestsPerDay, 250, "asked"},
		{Quota{
			ID: "GenerateContentInputTokensPerModelPerMinute-FreeTier", Metric: "generativelanguage.googleapis.com/generate_content_free_tier_input_token_count", Value: "250000",
		}, TokensPerMinute, 250_000, "asked"},
		{Quota{ID: "GenerateContentPaidTierInputTokensPerModelPerMinute", Value: "0"}, TokensPerMinute, 0, "asked"},
		{Quota{Metric: "generate_content_requests_per_minute", Value: "x"}, RequestsPerMinute, -1, "asked"},
		{Quota{ID: "GenerateRequestsPerMinutePerProjectPerModel", Value: "-3"}, RequestsPerMinute, -1, "asked"},
		{Quota{ID: "GenerateContentInputTokensPerModelPerDay-FreeTier", Value: "9"}, NoLimitKind, 9, "asked"},
		{Quota{ID: "OutputTokensPerMinute"}, NoLimitKind, -1, "asked"},
		{Quota{ID: "GroundingRequestsPerDayPerProject", Value: "9"}, NoLimitKind, 9, "asked"},
		{Quota{}, NoLimitKind, -1, "asked"},
	} {
		kind, value, model := c.quota.Limit("asked")
		if kind != c.kind || value != c.value || model != c.model {
			t.Errorf("%+v: %d, %d, %q", c.quota, kind, value, model)
		}
	}
}
